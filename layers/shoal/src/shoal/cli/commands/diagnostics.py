"""Commands that show what a deployment is doing: workers, queues, dead letters, the audit trail."""

from __future__ import annotations

from itertools import islice

import typer

from shoal.cli.options import JobOrTaskId, Limit, OptionalJobId, Output
from shoal.cli.output import (
    DEAD_LETTERS,
    EVENTS,
    QUEUES,
    REASONS,
    TASK_TYPES,
    WORKERS,
    OutputFormat,
    print_rows,
)

app = typer.Typer()


@app.command()
def types(ctx: typer.Context, output: Output = OutputFormat.TABLE) -> None:
    """List the task types that workers offer."""
    print_rows((each.raw for each in ctx.obj.shoal.task_types()), output, TASK_TYPES)


@app.command()
def why(ctx: typer.Context, any_id: JobOrTaskId, output: Output = OutputFormat.TABLE) -> None:
    """Explain why a job or a task makes no progress."""
    print_rows(ctx.obj.shoal.why(any_id)["reasons"], output, REASONS)


@app.command()
def events(
    ctx: typer.Context,
    job_id: OptionalJobId = None,
    limit: Limit = 50,
    output: Output = OutputFormat.TABLE,
) -> None:
    """List the audit trail of a job or of all jobs, newest first."""
    shoal = ctx.obj.shoal
    found = shoal.events() if job_id is None else shoal.job(job_id).events()
    print_rows(islice(found, limit), output, EVENTS)


@app.command("dead-letters")
def dead_letters(
    ctx: typer.Context,
    job_id: OptionalJobId = None,
    limit: Limit = 50,
    output: Output = OutputFormat.TABLE,
) -> None:
    """List the dead letters of a job or of all jobs, by cause."""
    shoal = ctx.obj.shoal
    found = shoal.dead_letters() if job_id is None else shoal.job(job_id).dead_letters()
    print_rows(islice(found, limit), output, DEAD_LETTERS)


@app.command()
def queues(ctx: typer.Context, output: Output = OutputFormat.TABLE) -> None:
    """Show the depth and the oldest message age of each queue."""
    print_rows(ctx.obj.shoal.queues(), output, QUEUES)


@app.command()
def workers(ctx: typer.Context, output: Output = OutputFormat.TABLE) -> None:
    """List the workers and their state: alive, silent or left."""
    print_rows(ctx.obj.shoal.workers(), output, WORKERS)
