"""One line that follows a job on a terminal; on anything else, a word at the end."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Final

from shoal.cli.codes import Code, of_status
from shoal.cli.output import plain, say
from shoal.client.api import Watch
from shoal.client.errors import WaitTimeout

if TYPE_CHECKING:
    from shoal.client.models import JobState
    from shoal.client.sync import Job, Shoal

_LAST: Final = 3
_BAR: Final = 24


def follow(shoal: Shoal, job: Job, timeout: float | None) -> Code:
    """Wait for the job's end, with its progress on stderr; the code that its end stands for."""
    line = _Line(live=sys.stderr.isatty())
    watch = Watch(shoal.api, job.id)
    until = None if timeout is None else time.monotonic() + timeout
    try:
        while not job.state.ended:
            if until is not None and time.monotonic() >= until:
                raise WaitTimeout(f"{job.id} has not ended in {timeout:g} s; it goes on")
            state = shoal.run(watch.changed(until))
            if state is not None:
                job.state = state
                line.show(progress(state))
    finally:
        line.end()
    say(f"{job.id} {progress(job.state)}")
    if job.counts.failed:
        _last_failures(job)
    return of_status(job.status)


def progress(state: JobState) -> str:
    """A bar, and what is going wrong."""
    counts, total = state.counts, state.task_count or 0
    share = counts.ended / total if total else 0.0
    bar = "█" * round(share * _BAR) + "░" * (_BAR - round(share * _BAR))
    paused = " (paused)" if state.paused and not state.ended else ""
    return (
        f"{bar} {counts.ended}/{total or '?'} {state.status}{paused} "
        f"· {counts.failed} failed · {counts.retrying} retrying"
    )


def _last_failures(job: Job) -> None:
    for number, task in enumerate(job.tasks(status="FAILED", limit=_LAST)):
        if number == _LAST:
            say(f"  … `shoal tasks {job.id} --status FAILED` shows all")
            return
        if task.error is not None:
            first = task.error.message.partition("\n")[0][:120]
            say(f"  {task.id} {task.error.type}: {first}")


class _Line:
    def __init__(self, *, live: bool) -> None:
        self._live = live
        self._open = False

    def show(self, text: str) -> None:
        if self._live:
            sys.stderr.write(f"\r\x1b[K{plain(text)}")
            sys.stderr.flush()
            self._open = True

    def end(self) -> None:
        if self._open:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
            self._open = False
