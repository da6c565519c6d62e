"""Commands that do one thing to many jobs."""

from __future__ import annotations

import sys
from enum import StrEnum
from itertools import islice
from typing import TYPE_CHECKING, Annotated

import typer

from shoal.cli import parsing
from shoal.cli.exit_codes import Code
from shoal.cli.options import Named, Output, Since, Statuses, Tagged, Typed, Until
from shoal.cli.output import BULK, Form, say, show, show_one
from shoal.cli.parsing import NotUnderstood

if TYPE_CHECKING:
    from shoal.client.models import BulkState
    from shoal.client.sync_client import Shoal

BulkId = Annotated[str, typer.Argument(metavar="BULK_ACTION_ID")]


class Verb(StrEnum):
    """What may be done to many jobs at once."""

    CANCEL = "cancel"
    PAUSE = "pause"
    RESUME = "resume"
    RETRY = "retry"
    DELETE = "delete"


def bulk(  # noqa: PLR0917 - its options are the filters
    ctx: typer.Context,
    action: Verb,
    status: Statuses = None,
    since: Since = None,
    until: Until = None,
    task_type: Typed = None,
    name: Named = None,
    tag: Tagged = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count the jobs only.")] = False,  # noqa: FBT002 - a flag
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask first.")] = False,  # noqa: FBT002 - a flag
    output: Output = Form.TABLE,
) -> None:
    """Cancel, pause, resume, retry or delete all jobs of a filter, and wait until that is done."""
    shoal: Shoal = ctx.obj.shoal
    which = parsing.jobs_sought(status, since, until, task_type=task_type, name=name, tag=tag)
    if not which:
        raise NotUnderstood("say which jobs: --status, --since, --until, --type, --name or --tag")
    if not (yes or dry_run):
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            raise NotUnderstood("there is nobody to ask; say --yes, or --dry-run to count the jobs")
        jobs = shoal.wait_bulk(shoal.bulk(action, dry_run=True, **which).id).done
        typer.confirm(f"{action} {jobs} jobs?", abort=True, err=True)
    state = _followed(shoal, shoal.bulk(action, dry_run=dry_run, **which))
    show_one(state.raw, output, BULK)
    for refusal in state.refusals:
        say(f"  {refusal.job_id}: {refusal.reason}")
    raise typer.Exit(Code.OK if state.status == "COMPLETED" else Code.CONFLICT)


def bulk_actions(
    ctx: typer.Context,
    limit: Annotated[int, typer.Option(min=1, help="Bulk actions at most.")] = 50,
    output: Output = Form.TABLE,
) -> None:
    """List bulk actions, newest first, with how far they are."""
    show((each.raw for each in islice(ctx.obj.shoal.bulk_actions(), limit)), output, BULK)


def abort(ctx: typer.Context, bulk_action_id: BulkId, output: Output = Form.TABLE) -> None:
    """Let a bulk action go no further; what it did stays done."""
    show_one(ctx.obj.shoal.abort_bulk(bulk_action_id).raw, output, BULK)


def add_to(app: typer.Typer) -> None:
    """Make them commands."""
    app.command()(bulk)
    app.command("bulk-actions")(bulk_actions)
    app.command()(abort)


def _followed(shoal: Shoal, state: BulkState) -> BulkState:
    """The bulk action at its end, with its progress in words."""
    from shoal.client.bulk_actions import wait_for_change  # noqa: PLC0415 - loaded on first use

    try:
        while not state.ended:
            state = shoal.run(wait_for_change(shoal.api, state))
            say(f"{state.id} {state.status} · {state.done} done · {state.refused} refused")
    except KeyboardInterrupt:
        say(f"interrupted: {state.id} goes on; `shoal abort {state.id}` stops it")
        raise
    return state
