"""Commands for the results of a job."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shoal.cli.options import JobId, Output, Timeout
from shoal.cli.output import RESULTS, OutputFormat, print_message, print_rows, stdout_to

if TYPE_CHECKING:
    from shoal.cli.output import Row
    from shoal.client.models import Result

app = typer.Typer()


@app.command("results")
def list_results(
    ctx: typer.Context,
    job_id: JobId,
    missing: Annotated[  # noqa: FBT002 - a flag
        bool, typer.Option("--missing", help="Include the tasks without a result.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write to this file, not to stdout.")
    ] = None,
    output: Output = OutputFormat.JSONL,
) -> None:
    """Print the results of completed tasks, by index."""
    results = _CountedResults(ctx.obj.shoal.job(job_id).results(missing=True), missing)
    with stdout_to(out):
        print_rows(results.rows(), output, RESULTS)
    if results.missing:
        print_message(results.summary())


@app.command()
def export(ctx: typer.Context, job_id: JobId, timeout: Timeout = None) -> None:
    """Export all results to one file and print its URL."""
    made = ctx.obj.shoal.job(job_id).export(timeout)
    print_message(f"{made['results']} results, {made['missing']} missing, {made['size']} bytes")
    typer.echo(made["url"])


@dataclass(slots=True)
class _CountedResults:
    """Results of all tasks. Counts the missing ones, and skips them unless they are included."""

    found: Iterable[Result]
    include_missing: bool
    missing: int = 0

    def rows(self) -> Iterator[Row]:
        for each in self.found:
            self.missing += each.missing is not None
            if self.include_missing or each.missing is None:
                yield each.raw

    def summary(self) -> str:
        one = self.missing == 1
        hint = "" if self.include_missing else f"; --missing lists {'it' if one else 'them'}"
        return f"{self.missing} {'task has' if one else 'tasks have'} no result{hint}"
