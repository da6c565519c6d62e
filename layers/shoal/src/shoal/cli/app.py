"""The commands. Each asks the client and shows what it said."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from typer.core import TyperGroup

from shoal.cli import parsing
from shoal.cli.commands import bulk, diagnostics, jobs, webhooks
from shoal.cli.exit_codes import Code, of_error
from shoal.cli.options import (
    JobId,
    Named,
    Output,
    Since,
    Statuses,
    Tagged,
    TaskId,
    Timeout,
    Typed,
    Until,
    Words,
)
from shoal.cli.output import (
    JOBS,
    RESULTS,
    TASKS,
    Form,
    into,
    say,
    show,
    show_one,
)
from shoal.cli.parsing import NotUnderstood
from shoal.cli.result_count import Counted
from shoal.cli.session import Session
from shoal.cli.waiting import followed
from shoal.client.errors import ShoalError


class _Commands(TyperGroup):
    """Ends with the code that stands for what went wrong."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except ShoalError as error:
            say(f"shoal: {error}")
            raise typer.Exit(of_error(error)) from error
        except NotUnderstood as error:
            say(f"shoal: {error}")
            raise typer.Exit(Code.USAGE) from error
        except (KeyboardInterrupt, typer.Abort) as error:
            raise typer.Exit(Code.INTERRUPTED) from error


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Jobs of one to a million tasks.",
)

app.add_typer(webhooks.app, name="webhooks")

MAP_LINE: Final = 100
_TABLE: Final = Form.TABLE


def main(arguments: list[str], worker: Callable[[list[str]], int]) -> int:
    """Do what was asked; the exit code. `worker` is the other half of the command line."""
    try:
        app(args=arguments, prog_name="shoal", obj=Session(worker))
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else Code.OK
    return Code.OK


@app.callback()
def _session(
    ctx: typer.Context,
    profile: Annotated[
        str | None, typer.Option("--profile", help="A profile of the configuration.")
    ] = None,
) -> None:
    ctx.obj.name = profile
    ctx.call_on_close(ctx.obj.close)


@app.command()
def submit(  # noqa: PLR0917 - its options are the fields of a job
    ctx: typer.Context,
    task_type: str,
    p: Annotated[list[str] | None, typer.Option("-p", metavar="KEY=VALUE")] = None,
    inputs: Annotated[str | None, typer.Option(help="file.jsonl, - or s3://…")] = None,
    grid: Annotated[list[str] | None, typer.Option(metavar="KEY=A,B,…|KEY=0..9")] = None,
    count: Annotated[int | None, typer.Option(min=1)] = None,
    name: str = "",
    tag: Words = None,
    priority: str | None = None,
    chunk_size: int | None = None,
    max_parallelism: int | None = None,
    task_timeout: Annotated[float | None, typer.Option(help="Seconds of one attempt.")] = None,
    max_attempts: int | None = None,
    max_failed: int | None = None,
    idempotency_key: str | None = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the request only.")] = False,  # noqa: FBT002 - a flag
    wait: Annotated[bool, typer.Option("--wait", help="Wait for the job's end.")] = False,  # noqa: FBT002
    output: Output = Form.NAME,
) -> None:
    """Submit a job; one task if nothing says how many."""
    if sum(each is not None for each in (inputs, grid, count)) > 1:
        raise NotUnderstood("give one of --count, --grid and --inputs")
    stored = inputs is not None and inputs.startswith("s3://")
    spec: dict[str, Any] = {
        "task_type": task_type,
        "name": name or None,
        "params": parsing.parameters(p or []) or None,
        "grid": parsing.grid(grid) if grid else None,
        "count": count if inputs or grid or count else 1,
        "inputs_uri": inputs if stored else None,
        "tags": parsing.tags(tag or []) or None,
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
    shoal = ctx.obj.shoal
    job = shoal.submit(inputs=lines, idempotency_key=idempotency_key, **spec)
    show_one(job.state.raw, output, JOBS)
    if wait:
        followed(ctx, job.id, None)


@app.command("list")
def list_jobs(  # noqa: PLR0917 - its options are the filters
    ctx: typer.Context,
    status: Statuses = None,
    since: Since = None,
    until: Until = None,
    task_type: Typed = None,
    name: Named = None,
    tag: Tagged = None,
    limit: Annotated[int, typer.Option(min=1, help="Jobs at most.")] = 50,
    output: Output = _TABLE,
) -> None:
    """List jobs, newest first."""
    which = parsing.jobs_sought(status, since, until, task_type=task_type, name=name, tag=tag)
    jobs = ctx.obj.shoal.jobs(limit=min(100, limit), **which)
    show((job.state.raw for job in islice(jobs, limit)), output, JOBS)


@app.command()
def get(ctx: typer.Context, any_id: str, output: Output = _TABLE) -> None:
    """Show a job, or a task by its id."""
    if "." in any_id:
        show_one(ctx.obj.shoal.task(any_id).raw, output, TASKS)
    else:
        show_one(ctx.obj.shoal.job(any_id).state.raw, output, JOBS)


@app.command()
def tasks(  # noqa: PLR0917 - its options are the filters
    ctx: typer.Context,
    job_id: JobId,
    status: Statuses = None,
    attempts: Annotated[int | None, typer.Option(min=1, help="Of at least so many.")] = None,
    cause: Annotated[str | None, typer.Option(help="Failed of this cause.")] = None,
    start: Annotated[int | None, typer.Option(min=0, help="The first index.")] = None,
    end: Annotated[int | None, typer.Option(min=1, help="The index behind the last.")] = None,
    slowest: Annotated[
        int | None, typer.Option(min=1, max=100, help="Only so many, that took longest.")
    ] = None,
    output: Output = _TABLE,
) -> None:
    """List the tasks of a job, by index or the slowest first."""
    words = {
        "status": status,
        "attempts": attempts,
        "cause": cause,
        "start": start,
        "end": end,
    }
    which = {each: value for each, value in words.items() if value}
    job = ctx.obj.shoal.job(job_id)
    found = job.tasks(**which) if slowest is None else job.slowest(slowest, **which)
    show((task.raw for task in found), output, TASKS)


@app.command()
def results(
    ctx: typer.Context,
    job_id: JobId,
    missing: Annotated[bool, typer.Option("--missing", help="Name tasks without one.")] = False,  # noqa: FBT002 - a flag
    out: Annotated[Path | None, typer.Option(help="Write to a file.")] = None,
    output: Output = Form.JSONL,
) -> None:
    """Give what completed tasks returned."""
    found = Counted(ctx.obj.shoal.job(job_id).results(missing=True), named=missing)
    with into(out):
        show(found.rows(), output, RESULTS)
    if found.missing:
        say(found.words())


@app.command("map")
def show_map(ctx: typer.Context, job_id: JobId) -> None:
    """Show where each task stands: a letter a task, a hundred a line."""
    letters = ctx.obj.shoal.job(job_id).map().decode()
    for first in range(0, len(letters), MAP_LINE):
        typer.echo(letters[first : first + MAP_LINE])


@app.command()
def export(ctx: typer.Context, job_id: JobId, timeout: Timeout = None) -> None:
    """Have all results written to one file, and show its URL."""
    made = ctx.obj.shoal.job(job_id).export(timeout)
    say(f"{made['results']} results, {made['missing']} missing, {made['size']} bytes")
    typer.echo(made["url"])


@app.command()
def watch(ctx: typer.Context, job_id: JobId, output: Output = _TABLE) -> None:
    """Follow a job to its end; as JSON Lines, each change on a line."""
    if output is Form.JSONL:
        for event in ctx.obj.shoal.job(job_id).watch():
            show([event.job.raw], output)
        return
    followed(ctx, job_id, None)


@app.command()
def wait(ctx: typer.Context, job_id: JobId, timeout: Timeout = None) -> None:
    """Wait for a job's end, and end as it did."""
    followed(ctx, job_id, timeout)


jobs.add_to(app)
bulk.add_to(app)
diagnostics.add_to(app)


@app.command()
def replay(
    ctx: typer.Context,
    task_id: TaskId,
    attempt: Annotated[int | None, typer.Option(min=1, help="The latest if not given.")] = None,
    pdb: Annotated[bool, typer.Option("--pdb", help="Debug it where it raises.")] = False,  # noqa: FBT002 - a flag
    output: Output = _TABLE,
) -> None:
    """Run one task here, as it ran there, and compare what came of it."""
    from shoal.cli.replay import ended_attempt, replayed  # noqa: PLC0415 - loaded on first use

    shoal = ctx.obj.shoal
    task, tried = shoal.task(task_id), ended_attempt(shoal.attempts(task_id), attempt)
    found = replayed(task, tried, shoal.job(task.job_id).state.task_type, debug=pdb)
    show_one(found.row(), output)
    raise typer.Exit(Code.OK if found.same else Code.JOB_FAILED)


@app.command()
def login(
    ctx: typer.Context,
    port: Annotated[int, typer.Option(help="Where the browser comes back to.")] = 8765,
    timeout: Annotated[float, typer.Option(min=1, help="Seconds to wait at most.")] = 300,
    browser: Annotated[bool, typer.Option(help="Open one.")] = True,  # noqa: FBT002 - a flag
) -> None:
    """Sign in at the profile's issuer, in a browser."""
    from shoal.cli.browser_login import signed_in  # noqa: PLC0415 - loaded on first use

    profile = ctx.obj.profile
    signed_in(profile, port, timeout, browser=browser)
    say(f"signed in for profile {profile.name}")


@app.command(
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    add_help_option=False,
)
def worker(ctx: typer.Context) -> None:
    """Run a worker here (`worker run`), or show what it would offer (`worker check`)."""
    raise typer.Exit(ctx.obj.worker(ctx.args))
