"""`shoal tasks`, `task`, `types`."""

from __future__ import annotations

from itertools import islice
from typing import Annotated

import typer

from shoal.cli import looks
from shoal.cli.exits import told
from shoal.cli.jobs import JobId
from shoal.cli.output import Form, Output, show, show_one
from shoal.cli.state import shoal_of


def add(app: typer.Typer) -> None:
    """Its commands."""
    app.command("tasks")(tasks)
    app.command("task")(task)
    app.command("types")(types)


@told
def tasks(
    context: typer.Context,
    job: JobId,
    status: Annotated[list[str] | None, typer.Option(help="Only those of this status.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="So many at most.")] = None,
    output: Output = Form.TABLE,
) -> None:
    """List the tasks of a job, by index."""
    found = shoal_of(context).job(job).tasks(status=tuple(map(str.upper, status or ())))
    show(islice(found, limit), looks.TASK, output, lambda each: each.id)


@told
def task(
    context: typer.Context,
    task: Annotated[str, typer.Argument(metavar="TASK", help="The id of a task, JOB.INDEX.")],
    output: Output = Form.TABLE,
) -> None:
    """Show one task, with its input, its result or why it failed."""
    show_one(shoal_of(context).task(task), looks.TASK_FACTS, output, lambda each: each.id)


@told
def types(context: typer.Context, output: Output = Form.TABLE) -> None:
    """List the task types that workers offer."""
    show(shoal_of(context).task_types(), looks.TYPE, output, lambda each: each.name)
