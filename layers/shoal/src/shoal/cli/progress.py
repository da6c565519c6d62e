"""Follow a job to its end: a progress bar on a terminal, and a summary on stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import typer

from shoal.cli.exit_codes import ExitCode, exit_code_of_job
from shoal.cli.output import print_message

if TYPE_CHECKING:
    from shoal.client.models import JobState
    from shoal.client.sync_client import Job, Shoal

_MAX_FAILURES: Final = 3


def follow(ctx: typer.Context, job_id: str, timeout: float | None = None) -> None:
    """Wait until a job has ended, and exit with the code of its status."""
    shoal = ctx.obj.shoal
    try:
        job = shoal.job(job_id)
        _wait(shoal, job, timeout)
        _summarize(job)
        code = exit_code_of_job(job.status)
    except KeyboardInterrupt:
        print_message(
            f"interrupted; {job_id} continues to run. To cancel it: shoal cancel {job_id}"
        )
        code = ExitCode.INTERRUPTED
    raise typer.Exit(code)


def _wait(shoal: Shoal, job: Job, timeout: float | None) -> None:
    """Update the job until it has ended; raise WaitTimeout."""
    from shoal.client.watch import Watch, wait_timeout  # noqa: PLC0415 - loaded on first use

    watch = Watch(shoal.api, job.id)
    deadline = None if timeout is None else time.monotonic() + timeout
    with _bar(job.state) if sys.stderr.isatty() else _no_bar() as update:
        while not job.state.ended:
            if timeout is not None and deadline is not None and time.monotonic() >= deadline:
                raise wait_timeout(job.id, timeout)
            state = shoal.run(watch.next_state(deadline))
            if state is not None:
                job.state = state
                update(state)
    shoal.run(watch.close())


def _summarize(job: Job) -> None:
    total = job.state.task_count or "?"
    print_message(f"{job.id} {job.counts.ended}/{total} {_status_line(job.state)}")
    if job.counts.failed:
        _print_failures(job)


def _status_line(state: JobState) -> str:
    counts = state.counts
    paused = " (paused)" if state.paused and not state.ended else ""
    return f"{state.status}{paused} · {counts.failed} failed · {counts.retrying} retrying"


@contextmanager
def _bar(state: JobState) -> Iterator[Callable[[JobState], None]]:
    """Draw a progress bar, and remove it at the end."""
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
        bar = progress.add_task("", total=None)

        def update(now: JobState) -> None:
            ended, total = now.counts.ended, now.task_count
            progress.update(bar, completed=ended, total=total, description=_status_line(now))

        update(state)
        yield update


@contextmanager
def _no_bar() -> Iterator[Callable[[JobState], None]]:
    yield lambda _: None


def _print_failures(job: Job) -> None:
    for number, task in enumerate(job.tasks(status="FAILED", limit=_MAX_FAILURES)):
        if number == _MAX_FAILURES:
            print_message(f"  … to list all failed tasks: shoal tasks {job.id} --status FAILED")
            return
        if task.error is not None:
            first_line = task.error.message.partition("\n")[0][:120]
            print_message(f"  {task.id} {task.error.type}: {first_line}")
