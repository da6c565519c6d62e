"""Commands that show what goes wrong, who works, and where to see more."""

from __future__ import annotations

from typing import Annotated

import typer

from shoal.cli.given import NotUnderstood
from shoal.cli.options import JobId, Output
from shoal.cli.output import CAUSES, WORKERS, Form, say, show


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
    app.command()(failures)
    app.command()(workers)
    app.command("open")(open_console)
