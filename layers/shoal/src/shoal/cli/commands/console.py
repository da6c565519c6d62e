"""The command that opens the console."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

import typer

from shoal.cli.output import print_message
from shoal.cli.parsing import UsageError

app = typer.Typer()


@app.command("open")
def open_console(
    ctx: typer.Context,
    any_id: Annotated[
        str | None,
        typer.Argument(metavar="JOB_ID|TASK_ID", help="The job or the task to show."),
    ] = None,
    browser: Annotated[  # noqa: FBT002 - a flag
        bool, typer.Option(help="Open a browser, or only print the URL.")
    ] = True,
) -> None:
    """Open the console in a browser."""
    profile = ctx.obj.profile
    if not profile.console_url:
        raise UsageError(f"profile {profile.name} has no console URL; set console_url")
    job, _, index = (any_id or "").partition(".")
    page = f"/jobs/{quote(job, safe='')}" if job else "/jobs"
    url = f"{profile.console_url.rstrip('/')}{page}{f'?task={quote(index)}' if index else ''}"
    if browser and typer.launch(url) == 0:
        print_message(f"opened {url}")
    else:
        typer.echo(url)
