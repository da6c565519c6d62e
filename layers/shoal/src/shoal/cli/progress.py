"""One line on a terminal that tells how far a job is; on anything else a line for each change of
status.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from shoal.cli.exits import say
from shoal.cli.looks import standing

if TYPE_CHECKING:
    from shoal.client import Job
    from shoal.wire.jobs import JobBody


def followed(job: Job, timeout: float | None) -> None:
    """Wait for the end of a job, and show how far it is meanwhile."""
    states = job.watch(timeout=timeout)
    if sys.stderr.isatty():
        _bar(states)
    else:
        _lines(states)


def _lines(states: Iterator[JobBody]) -> None:
    last = ""
    for job in states:
        now = standing(job)
        if now != last:
            say(f"{job.id} {now}{_numbers(job)}")
            last = now


def _bar(states: Iterator[JobBody]) -> None:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[more]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        bar = progress.add_task("", total=None, more="")
        for job in states:
            ended = job.counts.completed + job.counts.failed + job.counts.cancelled
            progress.update(
                bar,
                description=f"{job.name or job.id} {standing(job)}",
                total=job.task_count,
                completed=ended,
                more=_numbers(job),
            )


def _numbers(job: JobBody) -> str:
    counts = job.counts
    numbers = {"running": counts.running, "retrying": counts.retrying, "failed": counts.failed}
    return "".join(f" {number} {name}" for name, number in numbers.items() if number)
