"""Options and arguments that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

from shoal.cli.output import OutputFormat

Output = Annotated[OutputFormat, typer.Option("-o", "--output", help="The output format.")]
Limit = Annotated[int, typer.Option(min=1, metavar="N", help="The maximum number of rows.")]
Timeout = Annotated[
    float | None,
    typer.Option(
        min=0,
        metavar="SECONDS",
        help="The maximum time to wait. Default: no limit.",
    ),
]

JobId = Annotated[str, typer.Argument(metavar="JOB_ID", help="The id of the job.")]
TaskId = Annotated[str, typer.Argument(metavar="TASK_ID", help="The id of the task: JOB_ID.INDEX.")]
JobOrTaskId = Annotated[
    str, typer.Argument(metavar="JOB_ID|TASK_ID", help="The id of a job or of a task.")
]
OptionalJobId = Annotated[
    str | None, typer.Argument(metavar="JOB_ID", help="The id of a job. Default: all jobs.")
]

# The fields of a job

Parameters = Annotated[
    list[str] | None,
    typer.Option(
        "-p",
        metavar="KEY=VALUE",
        help="A parameter of all tasks; JSON, or else a string. Repeatable.",
    ),
]
Name = Annotated[str | None, typer.Option(metavar="NAME", help="The name of the job.")]
Tags = Annotated[
    list[str] | None,
    typer.Option("--tag", metavar="KEY=VALUE", help="A tag of the job. Repeatable."),
]
Priority = Annotated[
    str | None, typer.Option(metavar="high|normal|low", help="The priority of the job.")
]
TaskTimeout = Annotated[
    float | None,
    typer.Option(metavar="SECONDS", help="The maximum time for one attempt of a task."),
]
MaxAttempts = Annotated[
    int | None,
    typer.Option(metavar="N", help="The maximum number of attempts for each task."),
]
MaxParallelism = Annotated[
    int | None,
    typer.Option(metavar="N", help="The maximum number of chunks that run in parallel."),
]
IdempotencyKey = Annotated[
    str | None,
    typer.Option(
        metavar="KEY", help="A key that makes the command safe to repeat. Default: a random key."
    ),
]
Wait = Annotated[bool, typer.Option("--wait", help="Wait until the job has ended.")]

# Filters of jobs

Statuses = Annotated[
    list[str] | None,
    typer.Option("--status", metavar="STATUS", help="Only with this status. Repeatable."),
]
Since = Annotated[
    str | None,
    typer.Option(
        metavar="TIME", help="Only created at or after this time: RFC 3339, or an age such as 7d."
    ),
]
Until = Annotated[
    str | None,
    typer.Option(metavar="TIME", help="Only created before this time: RFC 3339, or an age."),
]
OfType = Annotated[
    str | None, typer.Option("--type", metavar="TASK_TYPE", help="Only of this task type.")
]
NamePrefix = Annotated[
    str | None,
    typer.Option("--name", metavar="PREFIX", help="Only with a name that starts with this."),
]
WithTag = Annotated[
    str | None,
    typer.Option("--tag", metavar="KEY[=VALUE]", help="Only with this tag, or with this key."),
]

# Selections of failed tasks

Cause = Annotated[
    str | None,
    typer.Option(
        metavar="CAUSE", help="Only failed tasks of this cause, as `shoal failures` lists it."
    ),
]
Indices = Annotated[
    str | None,
    typer.Option("--index", metavar="1,2,5-9", help="Only failed tasks at these indices."),
]
