"""The command that runs a worker. `shoal.worker_command` parses its arguments."""

from __future__ import annotations

import typer

app = typer.Typer()


@app.command(
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    add_help_option=False,
)
def worker(ctx: typer.Context) -> None:
    """Run a worker, or check its tasks.

    `worker run` runs a worker. `worker check` prints the task types that it would offer.
    """
    raise typer.Exit(ctx.obj.run_worker(ctx.args))
