"""A file to which each execution of a task appends its start and its end.

It is independent of rows and reports, so it shows what really ran.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from tests.support.platform import Platform

_POLL_SECONDS: Final = 0.05


class LogEntry(NamedTuple):
    """A line; `what` is `begin` or `end`."""

    job_id: str
    task: int
    attempt: int
    epoch: int
    pid: int
    what: str


@dataclass(frozen=True, slots=True)
class ExecutionLog:
    """The file, which may not exist yet."""

    path: Path

    def entries(self, job_id: str) -> list[LogEntry]:
        """Return the entries of a job so far, in order."""
        if not self.path.exists():
            return []
        lines = (line.split() for line in self.path.read_text().splitlines())
        return [
            LogEntry(job, int(task), int(attempt), int(epoch), int(pid), what)
            for job, task, attempt, epoch, pid, what in lines
            if job == job_id
        ]

    def executions(self, job_id: str) -> Counter[int]:
        """Return how often each task was started."""
        return Counter(each.task for each in self.entries(job_id) if each.what == "begin")

    def ended(self, job_id: str) -> int:
        """Return how many tasks have run to their end at least once."""
        return len({each.task for each in self.entries(job_id) if each.what == "end"})


def wait_until[T](look: Callable[[], T | None], what: str, *, within: float = 120.0) -> T:
    """Return what `look` finds as soon as it finds something; raise TimeoutError otherwise."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(_POLL_SECONDS)
    raise TimeoutError(what)


def wait_for_start(platform: Platform, name: str, *, starts: int) -> None:
    """Wait until a worker handles signals, after it was started this many times."""
    log = platform.emulator.home / f"{name}.log"
    wait_until(
        lambda: log.read_text().count(f"worker {name} offers") >= starts, f"{name} does not start"
    )
