"""Fans events out into one delivery per webhook, and attempts deliveries."""

from collections.abc import Mapping
from typing import Any

from handlers import log
from shoal import bootstrap
from shoal.domain.webhook import WebhookDelivery, WebhookEvent
from shoal.wire.webhook_messages import read_message


def handler(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """Handle SQS records; return those that SQS must redeliver."""
    records = event["Records"]
    # In parallel: a batch has messages of many tenants, and a slow host must not delay the others.
    seen = bootstrap.executor().map(_handled, records, at_once=len(records))
    failed = [record["messageId"] for record, done in zip(records, seen, strict=True) if not done]
    return {"batchItemFailures": [{"itemIdentifier": message} for message in failed]}


def _handled(record: Mapping[str, Any]) -> bool:
    try:
        message = read_message(record["body"])
    except (ValueError, KeyError, TypeError) as error:
        log.error("unknown message dropped", error, message_id=record["messageId"])
        return True
    try:
        _do(message)
    except Exception as error:  # noqa: BLE001 - the other messages of the batch are handled
        log.error("delivery failed and will be redelivered", error, message_id=record["messageId"])
        return False
    return True


def _do(message: WebhookDelivery | WebhookEvent) -> None:
    if isinstance(message, WebhookEvent):
        bootstrap.webhook_delivery().fan_out(message)
        return
    answer = bootstrap.webhook_delivery().attempt(message)
    if answer is not None:
        log.info(
            "webhook delivery attempted",
            webhook=message.webhook_id,
            event_id=message.event.id,
            attempt=message.attempt,
            status=answer.status,
            error=answer.error,
        )
