"""The ledger: a file to which each execution of a task appends its begin and its end.

It knows nothing of rows and reports, so it tells what was run, whatever the platform believes.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from bench.stand import Stand
from bench.tables import note

_POLL_SECONDS: Final = 0.05
BROKEN: Final = 1
"""The exit code when a promise was broken."""


class Entry(NamedTuple):
    """A line: `what` is `begin` or `end`."""

    job_id: str
    task: int
    attempt: int
    epoch: int
    pid: int
    what: str


@dataclass(frozen=True, slots=True)
class Ledger:
    """The file; it need not be there yet."""

    path: Path

    def entries(self, job_id: str) -> list[Entry]:
        """What was noted for a job so far, in order."""
        if not self.path.exists():
            return []
        lines = (line.split() for line in self.path.read_text().splitlines())
        return [
            Entry(job, int(task), int(attempt), int(epoch), int(pid), what)
            for job, task, attempt, epoch, pid, what in lines
            if job == job_id
        ]

    def executions(self, job_id: str) -> Counter[int]:
        """How often each task was begun."""
        return Counter(each.task for each in self.entries(job_id) if each.what == "begin")

    def ended(self, job_id: str) -> int:
        """How many tasks have been run to their end, at least once."""
        return len({each.task for each in self.entries(job_id) if each.what == "end"})


def until[T](look: Callable[[], T | None], what: str, *, within: float = 120.0) -> T:
    """What is looked for, as soon as it is there; raise TimeoutError if it does not come."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(_POLL_SECONDS)
    raise TimeoutError(what)


def awaited_start(at: Stand, name: str, *, starts: int) -> None:
    """Wait until a worker that was started so often is at work: before, a signal just ends it."""
    log = at.emulator.home / f"{name}.log"
    until(lambda: log.read_text().count(f"worker {name} offers") >= starts, f"{name} does not work")


def judge(findings: list[str]) -> None:
    """Say what is wrong; exit with BROKEN if anything is."""
    for finding in findings[:10]:
        note(finding)
    if findings:
        raise SystemExit(BROKEN)
