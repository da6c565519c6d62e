"""What commands that wait for a job have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from shoal.cli.exits import Exit, leave, say
from shoal.cli.looks import code_of
from shoal.cli.progress import followed

if TYPE_CHECKING:
    from shoal.client import Job

_SHOWN = 3


def waited(job: Job, timeout: float | None) -> None:
    """Wait for its end and leave with the code of its status; an interrupt leaves the job alone."""
    try:
        followed(job, timeout)
    except KeyboardInterrupt:
        goes_on = f"{job.id} goes on; `shoal watch {job.id}` looks again"
        raise leave(Exit.INTERRUPTED, goes_on) from None
    if job.body.reason:
        say(f"{job.id}: {job.body.reason}")
    if job.counts.failed:
        _failures(job)
    raise typer.Exit(int(code_of(job.body)))


def _failures(job: Job) -> None:
    """A few of the tasks that failed."""
    for shown, task in enumerate(job.tasks(status="FAILED")):
        if shown == _SHOWN:
            say(f"  … `shoal tasks {job.id} --status FAILED` has them all")
            return
        why = "" if task.error is None else f"{task.error.type}: {task.error.message}"
        say(f"  {task.id} {why}")
