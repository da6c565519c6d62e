"""The commands of `shoal webhooks`."""

from __future__ import annotations

from typing import Annotated

import typer

from shoal.cli.options import Output
from shoal.cli.output import (
    DELIVERIES,
    WEBHOOKS,
    OutputFormat,
    print_message,
    print_row,
    print_rows,
)

app = typer.Typer(
    name="webhooks", no_args_is_help=True, help="Add, list, test and remove webhooks."
)

WebhookId = Annotated[str, typer.Argument(metavar="WEBHOOK_ID", help="The id of the webhook.")]


@app.command("list")
def list_webhooks(ctx: typer.Context, output: Output = OutputFormat.TABLE) -> None:
    """List webhooks, oldest first."""
    print_rows(ctx.obj.shoal.webhooks(), output, WEBHOOKS)


@app.command()
def add(
    ctx: typer.Context,
    url: Annotated[str, typer.Argument(metavar="URL", help="The URL that receives the events.")],
    event: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TYPE", help="An event type such as job.completed. Repeatable. Default: all."
        ),
    ] = None,
    description: Annotated[
        str, typer.Option(metavar="TEXT", help="A description of the webhook.")
    ] = "",
    output: Output = OutputFormat.JSON,
) -> None:
    """Add a webhook and print its secret. The secret is shown only once."""
    hook = ctx.obj.shoal.add_webhook(url, events=event or [], description=description)
    print_row(hook, output, WEBHOOKS)


@app.command()
def remove(ctx: typer.Context, webhook_id: WebhookId) -> None:
    """Remove a webhook."""
    ctx.obj.shoal.remove_webhook(webhook_id)


@app.command()
def rotate(ctx: typer.Context, webhook_id: WebhookId, output: Output = OutputFormat.JSON) -> None:
    """Rotate the secret of a webhook. The old secret stays valid for 24 hours."""
    print_row(ctx.obj.shoal.rotate_webhook(webhook_id), output, WEBHOOKS)


@app.command()
def test(ctx: typer.Context, webhook_id: WebhookId) -> None:
    """Send a test event to a webhook. Success re-enables the webhook."""
    sent = ctx.obj.shoal.test_webhook(webhook_id)
    print_message(
        f"queued test event {sent['event_id']}. To see its delivery: "
        f"shoal webhooks deliveries {webhook_id}"
    )


@app.command()
def deliveries(
    ctx: typer.Context, webhook_id: WebhookId, output: Output = OutputFormat.TABLE
) -> None:
    """List the latest deliveries of a webhook, newest first."""
    print_rows(ctx.obj.shoal.webhook_deliveries(webhook_id), output, DELIVERIES)
