"""Events on their way to webhooks: those of the bus are spread, those that are spread are tried."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from handlers import log
from shoal import bootstrap
from shoal.domain.webhook import WebhookDelivery, WebhookEvent
from shoal.wire.webhook_messages import read_message


def handler(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """Records of SQS → those that have to come again."""
    records = event["Records"]
    # At once: a batch is of many tenants, and nobody's waits for a host that is slow to be found.
    with ThreadPoolExecutor(len(records)) as pool:
        seen = [*pool.map(_handled, records)]
    failed = [record["messageId"] for record, done in zip(records, seen, strict=True) if not done]
    return {"batchItemFailures": [{"itemIdentifier": message} for message in failed]}


def _handled(record: Mapping[str, Any]) -> bool:
    try:
        message = read_message(record["body"])
    except (ValueError, KeyError, TypeError) as error:
        log.error("dropped a message that is not ours", error, message_id=record["messageId"])
        return True
    try:
        _do(message)
    except Exception as error:  # noqa: BLE001 - the other messages of the batch go on
        log.error("a delivery has to come again", error, message_id=record["messageId"])
        return False
    return True


def _do(message: WebhookDelivery | WebhookEvent) -> None:
    if isinstance(message, WebhookEvent):
        bootstrap.webhook_delivery().fan_out(message)
        return
    answer = bootstrap.webhook_delivery().attempt(message)
    if answer is not None:
        log.info(
            "told a webhook",
            webhook=message.webhook_id,
            event_id=message.event.id,
            attempt=message.attempt,
            status=answer.status,
            error=answer.error,
        )
