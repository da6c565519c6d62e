"""Commands that submit, list, follow and control jobs."""

from __future__ import annotations

import json
from itertools import islice
from typing import Annotated, Any

import typer

from shoal.cli import parsing
from shoal.cli.options import (
    IdempotencyKey,
    JobId,
    JobOrTaskId,
    Limit,
    MaxAttempts,
    MaxParallelism,
    Name,
    NamePrefix,
    OfType,
    Output,
    Parameters,
    Priority,
    Since,
    Statuses,
    Tags,
    TaskTimeout,
    Timeout,
    Until,
    Wait,
    WithTag,
)
from shoal.cli.output import JOBS, TASKS, OutputFormat, print_message, print_row, print_rows
from shoal.cli.parsing import UsageError
from shoal.cli.progress import follow

app = typer.Typer()


@app.command()
def submit(  # noqa: PLR0917 - one option for each field of a job
    ctx: typer.Context,
    task_type: Annotated[
        str, typer.Argument(metavar="TASK_TYPE", help="The task type, as `shoal types` lists it.")
    ],
    parameters: Parameters = None,
    inputs: Annotated[
        str | None,
        typer.Option(
            metavar="FILE|-|s3://…", help="One task for each object of a JSON Lines file."
        ),
    ] = None,
    grid: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=A,B,…|KEY=0..9",
            help="One task for each combination of values. Repeatable.",
        ),
    ] = None,
    count: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="The number of tasks. Default: 1.")
    ] = None,
    name: Name = None,
    tags: Tags = None,
    priority: Priority = None,
    chunk_size: Annotated[
        int | None,
        typer.Option(metavar="N", help="The number of tasks in a chunk. Default: automatic."),
    ] = None,
    max_parallelism: MaxParallelism = None,
    task_timeout: TaskTimeout = None,
    max_attempts: MaxAttempts = None,
    max_failed: Annotated[
        int | None,
        typer.Option(metavar="N", help="Stop the job once more than this many tasks have failed."),
    ] = None,
    idempotency_key: IdempotencyKey = None,
    dry_run: Annotated[  # noqa: FBT002 - a flag
        bool, typer.Option("--dry-run", help="Print the request and do not send it.")
    ] = False,
    wait: Wait = False,  # noqa: FBT002 - a flag
    output: Output = OutputFormat.NAME,
) -> None:
    """Submit a job and print its id."""
    if sum(each is not None for each in (inputs, grid, count)) > 1:
        raise UsageError("--count, --grid and --inputs exclude each other; give one of them")
    stored = inputs is not None and inputs.startswith("s3://")
    spec: dict[str, Any] = {
        "task_type": task_type,
        "name": name or None,
        "params": parsing.parameters(parameters or []) or None,
        "grid": parsing.grid(grid) if grid else None,
        "count": count if inputs or grid or count else 1,
        "inputs_uri": inputs if stored else None,
        "tags": parsing.tags(tags or []) or None,
        "priority": priority,
        "chunk_size": chunk_size,
        "max_parallelism": max_parallelism,
        "timeout": task_timeout,
        "retry": max_attempts and {"max_attempts": max_attempts},
        "max_failed": max_failed,
    }
    spec = {field: value for field, value in spec.items() if value is not None}
    lines = [*parsing.inputs(inputs)] if inputs is not None and not stored else None
    if dry_run:
        typer.echo(json.dumps(spec | ({} if lines is None else {"inputs": lines}), indent=2))
        return
    job = ctx.obj.shoal.submit(inputs=lines, idempotency_key=idempotency_key, **spec)
    print_row(job.state.raw, output, JOBS)
    if wait:
        follow(ctx, job.id)


@app.command("list")
def list_jobs(  # noqa: PLR0917 - one option for each filter
    ctx: typer.Context,
    status: Statuses = None,
    since: Since = None,
    until: Until = None,
    task_type: OfType = None,
    name: NamePrefix = None,
    tag: WithTag = None,
    limit: Limit = 50,
    output: Output = OutputFormat.TABLE,
) -> None:
    """List jobs that match all filters, newest first."""
    which = parsing.job_filter(status, since, until, task_type=task_type, name=name, tag=tag)
    jobs = ctx.obj.shoal.jobs(limit=min(100, limit), **which)
    print_rows((job.state.raw for job in islice(jobs, limit)), output, JOBS)


@app.command()
def get(ctx: typer.Context, any_id: JobOrTaskId, output: Output = OutputFormat.TABLE) -> None:
    """Show a job or a task."""
    if "." in any_id:
        print_row(ctx.obj.shoal.task(any_id).raw, output, TASKS)
    else:
        print_row(ctx.obj.shoal.job(any_id).state.raw, output, JOBS)


@app.command()
def watch(ctx: typer.Context, job_id: JobId, output: Output = OutputFormat.TABLE) -> None:
    """Follow a job until it has ended. With `-o jsonl`, print each change as a line."""
    if output is OutputFormat.JSONL:
        for event in ctx.obj.shoal.job(job_id).watch():
            print_rows([event.job.raw], output)
        return
    follow(ctx, job_id)


@app.command()
def wait(ctx: typer.Context, job_id: JobId, timeout: Timeout = None) -> None:
    """Wait until a job has ended. The exit code depends on its final status."""
    follow(ctx, job_id, timeout)


@app.command()
def cancel(ctx: typer.Context, job_id: JobId, output: Output = OutputFormat.TABLE) -> None:
    """Cancel a job. Running tasks are stopped, and no others start."""
    print_row(ctx.obj.shoal.job(job_id).cancel().state.raw, output, JOBS)


@app.command()
def pause(ctx: typer.Context, job_id: JobId, output: Output = OutputFormat.TABLE) -> None:
    """Pause a job. Running chunks continue, and no others start."""
    print_row(ctx.obj.shoal.job(job_id).pause().state.raw, output, JOBS)


@app.command()
def resume(ctx: typer.Context, job_id: JobId, output: Output = OutputFormat.TABLE) -> None:
    """Resume a paused job."""
    print_row(ctx.obj.shoal.job(job_id).resume().state.raw, output, JOBS)


@app.command()
def clone(  # noqa: PLR0917 - one option for each field that can differ
    ctx: typer.Context,
    job_id: JobId,
    parameters: Parameters = None,
    name: Name = None,
    tags: Tags = None,
    priority: Priority = None,
    max_parallelism: MaxParallelism = None,
    task_timeout: TaskTimeout = None,
    max_attempts: MaxAttempts = None,
    idempotency_key: IdempotencyKey = None,
    wait: Wait = False,  # noqa: FBT002 - a flag
    output: Output = OutputFormat.NAME,
) -> None:
    """Submit a copy of a job and print its id.

    The options change fields of the copy. -p replaces all parameters, and --tag all tags.
    """
    changes: dict[str, Any] = {
        "name": name,
        "params": parsing.parameters(parameters) if parameters else None,
        "tags": parsing.tags(tags) if tags else None,
        "priority": priority,
        "max_parallelism": max_parallelism,
        "timeout": task_timeout,
        "retry": max_attempts and {"max_attempts": max_attempts},
    }
    changes = {field: value for field, value in changes.items() if value is not None}
    job = ctx.obj.shoal.job(job_id).clone(idempotency_key=idempotency_key, **changes)
    print_row(job.state.raw, output, JOBS)
    if wait:
        follow(ctx, job.id)


@app.command("set")
def change(  # noqa: PLR0917 - one option for each field that can be changed
    ctx: typer.Context,
    job_id: JobId,
    priority: Priority = None,
    max_parallelism: Annotated[
        str | None,
        typer.Option(metavar="N|none", help="The maximum number of chunks that run in parallel."),
    ] = None,
    name: Name = None,
    tags: Tags = None,
    output: Output = OutputFormat.TABLE,
) -> None:
    """Change fields of an open job. --tag replaces all tags."""
    settings: dict[str, Any] = {
        "priority": priority,
        "name": name,
        "tags": parsing.tags(tags) if tags else None,
    }
    settings = {field: value for field, value in settings.items() if value is not None}
    if max_parallelism is not None:
        settings["max_parallelism"] = parsing.count_or_none("--max-parallelism", max_parallelism)
    if not settings:
        raise UsageError("nothing to change; give --priority, --max-parallelism, --name or --tag")
    print_row(ctx.obj.shoal.job(job_id).change(**settings).state.raw, output, JOBS)


@app.command()
def delete(ctx: typer.Context, job_id: JobId) -> None:
    """Delete a job that has ended."""
    ctx.obj.shoal.job(job_id).delete()
    print_message(f"deleted {job_id}")
