"""`shoal list`, `get`, `watch`, `wait`, `results`."""

from __future__ import annotations

import json
from itertools import islice
from typing import Annotated

import typer

from shoal.cli import looks
from shoal.cli.exits import told
from shoal.cli.output import Column, Form, Output, plain, show, show_one
from shoal.cli.state import shoal_of
from shoal.cli.waiting import waited

JobId = Annotated[str, typer.Argument(metavar="JOB", help="The id of a job.")]
Timeout = Annotated[float | None, typer.Option(min=0, help="Seconds to wait at most.")]


def add(app: typer.Typer) -> None:
    """Its commands."""
    app.command("list")(list_jobs)
    app.command("get")(get)
    app.command("watch")(watch)
    app.command("wait")(wait)
    app.command("results")(results)


@told
def list_jobs(
    context: typer.Context,
    status: Annotated[list[str] | None, typer.Option(help="Only those of this status.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="So many at most, the newest.")] = 20,
    output: Output = Form.TABLE,
) -> None:
    """List jobs, newest first."""
    jobs = shoal_of(context).jobs(status=tuple(map(str.upper, status or ())))
    show((job.body for job in islice(jobs, limit)), looks.JOB, output, lambda body: body.id)


@told
def get(context: typer.Context, job: JobId, output: Output = Form.TABLE) -> None:
    """Show one job."""
    body = shoal_of(context).job(job).body
    show_one(body, looks.JOB_FACTS, output, lambda each: each.id)


@told
def watch(context: typer.Context, job: JobId, timeout: Timeout = None) -> None:
    """Follow a job to its end; the exit code says how it ended."""
    waited(shoal_of(context).job(job), timeout)


@told
def wait(
    context: typer.Context, job: JobId, timeout: Timeout = None, output: Output = Form.NAME
) -> None:
    """Wait for the end of a job without a word, then print it."""
    waiting = shoal_of(context).job(job).wait(timeout)
    show_one(waiting.body, looks.JOB_FACTS, output, lambda each: each.id)
    raise typer.Exit(int(looks.code_of(waiting.body)))


@told
def results(context: typer.Context, job: JobId, output: Output = Form.JSONL) -> None:
    """Print what completed tasks returned, by index."""
    from shoal.wire.jobs import ResultBody

    columns: list[Column[ResultBody]] = [
        Column("INDEX", lambda each: str(each.index), right=True),
        Column("RESULT", lambda each: json.dumps(plain(each)["result"], ensure_ascii=False)),
    ]
    show(shoal_of(context).job(job).results(), columns, output, lambda each: str(each.index))
