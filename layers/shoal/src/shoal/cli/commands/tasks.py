"""Commands for the tasks of a job: list, retry, discard and replay them."""

from __future__ import annotations

from typing import Annotated, Any, Final

import typer

from shoal.cli import parsing
from shoal.cli.exit_codes import ExitCode
from shoal.cli.options import Cause, Indices, JobId, Output, Statuses, TaskId
from shoal.cli.output import ATTEMPTS, FAILURES, JOBS, TASKS, OutputFormat, print_row, print_rows
from shoal.cli.parsing import UsageError

app = typer.Typer()

_MAP_WIDTH: Final = 100


@app.command("tasks")
def list_tasks(  # noqa: PLR0917 - one option for each filter
    ctx: typer.Context,
    job_id: JobId,
    status: Statuses = None,
    attempts: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Only with at least this many attempts.")
    ] = None,
    cause: Cause = None,
    start: Annotated[
        int | None, typer.Option(min=0, metavar="INDEX", help="Start index (inclusive).")
    ] = None,
    end: Annotated[
        int | None, typer.Option(min=1, metavar="INDEX", help="End index (exclusive).")
    ] = None,
    slowest: Annotated[
        int | None,
        typer.Option(
            min=1, max=100, metavar="N", help="Only the N tasks with the longest duration."
        ),
    ] = None,
    output: Output = OutputFormat.TABLE,
) -> None:
    """List tasks of a job, by index or the slowest first."""
    fields = {
        "status": status,
        "attempts": attempts,
        "cause": cause,
        "start": start,
        "end": end,
    }
    which = {each: value for each, value in fields.items() if value}
    job = ctx.obj.shoal.job(job_id)
    found = job.tasks(**which) if slowest is None else job.slowest(slowest, **which)
    print_rows((task.raw for task in found), output, TASKS)


@app.command("map")
def print_map(ctx: typer.Context, job_id: JobId) -> None:
    """Print the status of each task as one letter.

    P is pending, R running, T retrying, C completed, F failed, X cancelled. Each line has 100
    letters.
    """
    letters = ctx.obj.shoal.job(job_id).map().decode()
    for first in range(0, len(letters), _MAP_WIDTH):
        typer.echo(letters[first : first + _MAP_WIDTH])


@app.command()
def attempts(ctx: typer.Context, task_id: TaskId, output: Output = OutputFormat.TABLE) -> None:
    """List the attempts of a task, oldest first."""
    found = ctx.obj.shoal.attempts(task_id)
    print_rows((each.raw for each in found), output, ATTEMPTS)


@app.command()
def failures(ctx: typer.Context, job_id: JobId, output: Output = OutputFormat.TABLE) -> None:
    """List the failed tasks of a job by cause."""
    print_rows(ctx.obj.shoal.job(job_id).failures(), output, FAILURES)


@app.command()
def retry(  # noqa: PLR0917 - one option for each selection
    ctx: typer.Context,
    job_id: JobId,
    cause: Cause = None,
    index: Indices = None,
    canary: Annotated[
        str | None,
        typer.Option(metavar="1%", help="Retry this share first; the rest if enough succeed."),
    ] = None,
    bar: Annotated[
        str | None,
        typer.Option(metavar="90%", help="The share of the canary's tasks that must succeed."),
    ] = None,
    output: Output = OutputFormat.TABLE,
) -> None:
    """Retry tasks of a failed job. Without options, all that did not complete."""
    if index is not None and (cause is not None or canary is not None):
        raise UsageError("--index cannot be combined with --cause or --canary")
    if bar is not None and canary is None:
        raise UsageError("--bar requires --canary")
    indices = None if index is None else parsing.indices(index)
    first: dict[str, Any] | None = None
    if canary is not None:
        first = {"share": parsing.share("--canary", canary)}
        first |= {} if bar is None else {"bar": parsing.share("--bar", bar)}
    job = ctx.obj.shoal.job(job_id).retry(cause=cause, indices=indices, canary=first)
    print_row(job.state.raw, output, JOBS)


@app.command()
def discard(  # noqa: PLR0917 - one option for each selection
    ctx: typer.Context,
    job_id: JobId,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why the tasks are discarded.")],
    cause: Cause = None,
    index: Indices = None,
    every: Annotated[bool, typer.Option("--all", help="Discard all failed tasks.")] = False,  # noqa: FBT002 - a flag
    output: Output = OutputFormat.TABLE,
) -> None:
    """Discard failed tasks of a job, so that a retry of all tasks skips them."""
    if [cause is not None, index is not None, every].count(True) != 1:
        raise UsageError("give exactly one of --cause, --index and --all")
    indices = None if index is None else parsing.indices(index)
    job = ctx.obj.shoal.job(job_id).discard(reason, cause=cause, indices=indices)
    print_row(job.state.raw, output, JOBS)


@app.command()
def replay(
    ctx: typer.Context,
    task_id: TaskId,
    attempt: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="The attempt to compare with. Default: the latest."),
    ] = None,
    pdb: Annotated[  # noqa: FBT002 - a flag
        bool, typer.Option("--pdb", help="Start the debugger where the task raises.")
    ] = False,
    output: Output = OutputFormat.TABLE,
) -> None:
    """Run a task on this machine and compare the outcome.

    The exit code is 1 if the outcomes differ.
    """
    from shoal.cli.replay import ended_attempt, replay_task  # noqa: PLC0415 - loaded on first use

    shoal = ctx.obj.shoal
    task, recorded = shoal.task(task_id), ended_attempt(shoal.attempts(task_id), attempt)
    task_type = shoal.job(task.job_id).state.task_type
    found = replay_task(task, recorded, task_type, debug=pdb)
    print_row(found.row(), output)
    raise typer.Exit(ExitCode.OK if found.same else ExitCode.JOB_FAILED)
