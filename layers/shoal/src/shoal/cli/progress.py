"""A bar that follows a job on a terminal; on anything else, a word at the end."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from shoal.cli.exit_codes import Code, of_status
from shoal.cli.output import say
from shoal.client.errors import WaitTimeout
from shoal.client.watch import Watch

if TYPE_CHECKING:
    from shoal.client.models import JobState
    from shoal.client.sync_client import Job, Shoal

_LAST: Final = 3


def follow(shoal: Shoal, job: Job, timeout: float | None) -> Code:
    """Wait for the job's end, with its progress on stderr; the code that its end stands for."""
    watch = Watch(shoal.api, job.id)
    until = None if timeout is None else time.monotonic() + timeout
    with _bar(job.state) if sys.stderr.isatty() else _nothing() as show:
        while not job.state.ended:
            if until is not None and time.monotonic() >= until:
                raise WaitTimeout(f"{job.id} has not ended in {timeout:g} s; it goes on")
            state = shoal.run(watch.next_state(until))
            if state is not None:
                job.state = state
                show(state)
    shoal.run(watch.close())
    counts = job.counts
    say(f"{job.id} {counts.ended}/{job.state.task_count or '?'} {standing(job.state)}")
    if counts.failed:
        _last_failures(job)
    return of_status(job.status)


def standing(state: JobState) -> str:
    """The status, and what is going wrong."""
    counts = state.counts
    paused = " (paused)" if state.paused and not state.ended else ""
    return f"{state.status}{paused} · {counts.failed} failed · {counts.retrying} retrying"


@contextmanager
def _bar(state: JobState) -> Iterator[Callable[[JobState], None]]:
    """One line that is drawn anew, and is gone at the end."""
    from rich.console import Console  # noqa: PLC0415 - loaded on first use
    from rich.progress import (  # noqa: PLC0415 - as above
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
    )

    columns = (
        BarColumn(24),
        MofNCompleteColumn(),
        TextColumn("{task.description}", markup=False),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        line = progress.add_task("", total=None)

        def show(now: JobState) -> None:
            ended, total = now.counts.ended, now.task_count
            progress.update(line, completed=ended, total=total, description=standing(now))

        show(state)
        yield show


@contextmanager
def _nothing() -> Iterator[Callable[[JobState], None]]:
    yield lambda _: None


def _last_failures(job: Job) -> None:
    for number, task in enumerate(job.tasks(status="FAILED", limit=_LAST)):
        if number == _LAST:
            say(f"  … `shoal tasks {job.id} --status FAILED` shows all")
            return
        if task.error is not None:
            first = task.error.message.partition("\n")[0][:120]
            say(f"  {task.id} {task.error.type}: {first}")
