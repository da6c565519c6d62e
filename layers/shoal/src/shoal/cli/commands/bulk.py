"""Commands for bulk actions: one action for all jobs that match a filter."""

from __future__ import annotations

import sys
from enum import StrEnum
from itertools import islice
from typing import TYPE_CHECKING, Annotated

import typer

from shoal.cli import parsing
from shoal.cli.exit_codes import ExitCode
from shoal.cli.options import Limit, NamePrefix, OfType, Output, Since, Statuses, Until, WithTag
from shoal.cli.output import BULK_ACTIONS, OutputFormat, print_message, print_row, print_rows
from shoal.cli.parsing import UsageError

if TYPE_CHECKING:
    from shoal.client.models import BulkState
    from shoal.client.sync_client import Shoal

app = typer.Typer()


class BulkVerb(StrEnum):
    """The actions that can be applied to many jobs."""

    CANCEL = "cancel"
    PAUSE = "pause"
    RESUME = "resume"
    RETRY = "retry"
    DELETE = "delete"


@app.command()
def bulk(  # noqa: PLR0917 - one option for each filter
    ctx: typer.Context,
    action: Annotated[
        BulkVerb, typer.Argument(metavar="ACTION", help="The action to apply to each job.")
    ],
    status: Statuses = None,
    since: Since = None,
    until: Until = None,
    task_type: OfType = None,
    name: NamePrefix = None,
    tag: WithTag = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count the jobs.")] = False,  # noqa: FBT002 - a flag
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,  # noqa: FBT002 - a flag
    output: Output = OutputFormat.TABLE,
) -> None:
    """Cancel, pause, resume, retry or delete many jobs.

    Applies the action to all jobs that match all filters, after asking for confirmation.
    """
    shoal: Shoal = ctx.obj.shoal
    which = parsing.job_filter(status, since, until, task_type=task_type, name=name, tag=tag)
    if not which:
        raise UsageError("no filter; give --status, --since, --until, --type, --name or --tag")
    if not (yes or dry_run):
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            raise UsageError(
                "cannot ask for confirmation without a terminal; "
                "give --yes, or --dry-run to count the jobs"
            )
        jobs = shoal.wait_bulk(shoal.bulk(action, dry_run=True, **which).id).done
        question = f"{action.capitalize()} {jobs} {'job' if jobs == 1 else 'jobs'}?"
        typer.confirm(question, abort=True, err=True)
    state = _wait(shoal, shoal.bulk(action, dry_run=dry_run, **which))
    print_row(state.raw, output, BULK_ACTIONS)
    for refusal in state.refusals:
        print_message(f"  {refusal.job_id}: {refusal.reason}")
    raise typer.Exit(ExitCode.OK if state.status == "COMPLETED" else ExitCode.CONFLICT)


@app.command("bulk-actions")
def list_bulk_actions(
    ctx: typer.Context, limit: Limit = 50, output: Output = OutputFormat.TABLE
) -> None:
    """List bulk actions, newest first."""
    actions = islice(ctx.obj.shoal.bulk_actions(), limit)
    print_rows((each.raw for each in actions), output, BULK_ACTIONS)


@app.command()
def abort(
    ctx: typer.Context,
    bulk_action_id: Annotated[
        str, typer.Argument(metavar="BULK_ACTION_ID", help="The id of the bulk action.")
    ],
    output: Output = OutputFormat.TABLE,
) -> None:
    """Abort a bulk action. Jobs that it has already changed stay changed."""
    print_row(ctx.obj.shoal.abort_bulk(bulk_action_id).raw, output, BULK_ACTIONS)


def _wait(shoal: Shoal, state: BulkState) -> BulkState:
    """Return the bulk action once it has ended; print each change."""
    from shoal.client.bulk_actions import wait_for_change  # noqa: PLC0415 - loaded on first use

    try:
        while not state.ended:
            state = shoal.run(wait_for_change(shoal.api, state))
            print_message(
                f"{state.id} {state.status} · {state.done} done · {state.refused} refused"
            )
    except KeyboardInterrupt:
        print_message(
            f"interrupted; {state.id} continues to run. To abort it: shoal abort {state.id}"
        )
        raise
    return state
