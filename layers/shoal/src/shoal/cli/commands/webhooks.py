"""The commands of `shoal webhooks`."""

from __future__ import annotations

from typing import Annotated

import typer

from shoal.cli.options import Output
from shoal.cli.output import DELIVERIES, WEBHOOKS, Form, say, show, show_one

app = typer.Typer(no_args_is_help=True, help="Where to tell of events.")

WebhookId = Annotated[str, typer.Argument(metavar="WEBHOOK_ID")]
_TABLE = Form.TABLE


@app.command("list")
def list_webhooks(ctx: typer.Context, output: Output = _TABLE) -> None:
    """List webhooks, oldest first."""
    show(ctx.obj.shoal.webhooks(), output, WEBHOOKS)


@app.command()
def add(
    ctx: typer.Context,
    url: str,
    event: Annotated[
        list[str] | None, typer.Option(help="job.completed, say; all if none.")
    ] = None,
    description: str = "",
    output: Output = Form.JSON,
) -> None:
    """Tell a URL of events. What is shown has the secret, which is told this once."""
    hook = ctx.obj.shoal.add_webhook(url, events=event or [], description=description)
    show_one(hook, output, WEBHOOKS)


@app.command()
def remove(ctx: typer.Context, webhook_id: WebhookId) -> None:
    """Tell a webhook nothing any more."""
    ctx.obj.shoal.remove_webhook(webhook_id)


@app.command()
def rotate(ctx: typer.Context, webhook_id: WebhookId, output: Output = Form.JSON) -> None:
    """Give a webhook a new secret; the one before signs for a day more."""
    show_one(ctx.obj.shoal.rotate_webhook(webhook_id), output, WEBHOOKS)


@app.command()
def test(ctx: typer.Context, webhook_id: WebhookId) -> None:
    """Send a webhook an event that says nothing; if it arrives, it is enabled again."""
    sent = ctx.obj.shoal.test_webhook(webhook_id)
    say(f"{sent['event_id']} is on its way; `shoal webhooks deliveries {webhook_id}` tells of it")


@app.command()
def deliveries(ctx: typer.Context, webhook_id: WebhookId, output: Output = _TABLE) -> None:
    """List the last attempts to tell a webhook, newest first."""
    show(ctx.obj.shoal.webhook_deliveries(webhook_id), output, DELIVERIES)
