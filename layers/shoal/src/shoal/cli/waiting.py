"""To the end of a job, from any command."""

from __future__ import annotations

import typer

from shoal.cli.exit_codes import Code
from shoal.cli.output import say


def followed(ctx: typer.Context, job_id: str, timeout: float | None) -> None:
    """Follow it, and end as it did."""
    from shoal.cli.progress import follow  # noqa: PLC0415 - loaded on first use

    shoal = ctx.obj.shoal
    try:
        code = follow(shoal, shoal.job(job_id), timeout)
    except KeyboardInterrupt:
        say(f"interrupted: {job_id} goes on; `shoal cancel {job_id}` ends it")
        code = Code.INTERRUPTED
    raise typer.Exit(code)
