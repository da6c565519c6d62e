"""Commands that show what goes on and what goes wrong, who works, and where to see more."""

from __future__ import annotations

from itertools import islice
from typing import Annotated

import typer

from shoal.cli.options import JobId, Output, TaskId
from shoal.cli.output import (
    ATTEMPTS,
    CAUSES,
    DEAD_LETTERS,
    EVENTS,
    QUEUES,
    REASONS,
    TYPES,
    WORKERS,
    Form,
    say,
    show,
)
from shoal.cli.parsing import NotUnderstood


def types(ctx: typer.Context, output: Output = Form.TABLE) -> None:
    """List the task types that workers offer."""
    show((each.raw for each in ctx.obj.shoal.task_types()), output, TYPES)


def why(ctx: typer.Context, any_id: str, output: Output = Form.TABLE) -> None:
    """Tell why a job, or a task by its id, is not running or not moving."""
    show(ctx.obj.shoal.why(any_id)["reasons"], output, REASONS)


def attempts(ctx: typer.Context, task_id: TaskId, output: Output = Form.TABLE) -> None:
    """List the attempts of a task, oldest first: whose they were and what came of each."""
    found = ctx.obj.shoal.attempts(task_id)
    show((each.raw for each in found), output, ATTEMPTS)


def events(
    ctx: typer.Context,
    job_id: Annotated[str | None, typer.Argument(metavar="[JOB_ID]")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Events at most.")] = 50,
    output: Output = Form.TABLE,
) -> None:
    """List who did what to a job, or to any, newest first."""
    shoal = ctx.obj.shoal
    found = shoal.events() if job_id is None else shoal.job(job_id).events()
    show(islice(found, limit), output, EVENTS)


def dead_letters(
    ctx: typer.Context,
    job_id: Annotated[str | None, typer.Argument(metavar="[JOB_ID]")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Lines at most.")] = 50,
    output: Output = Form.TABLE,
) -> None:
    """List messages of a job, or of any, that were received too often, by cause."""
    shoal = ctx.obj.shoal
    found = shoal.dead_letters() if job_id is None else shoal.job(job_id).dead_letters()
    show(islice(found, limit), output, DEAD_LETTERS)


def queues(ctx: typer.Context, output: Output = Form.TABLE) -> None:
    """Show how many chunks wait, are in flight and are delayed, and how old the oldest is."""
    show(ctx.obj.shoal.queues(), output, QUEUES)


def failures(ctx: typer.Context, job_id: JobId, output: Output = Form.TABLE) -> None:
    """Group the failed tasks of a job by cause, for `retry --cause` and `discard`."""
    show(ctx.obj.shoal.job(job_id).failures(), output, CAUSES)


def workers(ctx: typer.Context, output: Output = Form.TABLE) -> None:
    """List the workers: alive, silent or left."""
    show(ctx.obj.shoal.workers(), output, WORKERS)


def open_console(
    ctx: typer.Context,
    any_id: Annotated[str | None, typer.Argument(metavar="[JOB_ID|TASK_ID]")] = None,
    browser: Annotated[bool, typer.Option(help="Open one.")] = True,  # noqa: FBT002 - a flag
) -> None:
    """Open the console, at a job or a task if one is named."""
    from urllib.parse import quote  # noqa: PLC0415 - loaded on first use

    console = ctx.obj.profile.console_url
    if not console:
        raise NotUnderstood("which console? Set the profile's console_url")
    job, _, index = (any_id or "").partition(".")
    page = f"/jobs/{quote(job, safe='')}" if job else "/jobs"
    address = f"{console.rstrip('/')}{page}{f'?task={quote(index)}' if index else ''}"
    if browser and typer.launch(address) == 0:
        say(f"opened {address}")
    else:
        typer.echo(address)


def add_to(app: typer.Typer) -> None:
    """Make them commands."""
    for command in (types, why, attempts, events, queues, failures, workers):
        app.command()(command)
    app.command("dead-letters")(dead_letters)
    app.command("open")(open_console)
