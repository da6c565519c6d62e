"""Options and arguments that several commands take."""

from __future__ import annotations

from typing import Annotated

import typer

from shoal.cli.output import Form

Output = Annotated[Form, typer.Option("-o", "--output", help="How data is shown.")]
JobId = Annotated[str, typer.Argument(metavar="JOB_ID")]
TaskId = Annotated[str, typer.Argument(metavar="TASK_ID")]
Words = Annotated[list[str] | None, typer.Option(metavar="KEY=VALUE")]
Timeout = Annotated[float | None, typer.Option(min=0, help="Seconds to wait at most.")]
Statuses = Annotated[list[str] | None, typer.Option("--status", help="One or several statuses.")]
Since = Annotated[
    str | None,
    typer.Option(metavar="TIME", help="Made from then on: RFC 3339, or 90m, 12h, 7d ago."),
]
Until = Annotated[str | None, typer.Option(metavar="TIME", help="Made before then.")]
Typed = Annotated[str | None, typer.Option("--type", help="Of this task type.")]
Named = Annotated[str | None, typer.Option(help="What their names begin with.")]
Tagged = Annotated[str | None, typer.Option(metavar="KEY[=VALUE]")]
