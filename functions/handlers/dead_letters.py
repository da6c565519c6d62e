"""Recovers chunks whose messages were received too often; receives do not count as crashes."""

import json
from collections.abc import Mapping
from typing import Any

from handlers import log
from shoal import bootstrap


def handler(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """Handle records of SQS; return those that SQS must redeliver."""
    failed = [record["messageId"] for record in event["Records"] if not _handled(record)]
    return {"batchItemFailures": [{"itemIdentifier": message} for message in failed]}


def _handled(record: Mapping[str, Any]) -> bool:
    bootstrap.dead_letters().count()
    try:
        body = json.loads(record["body"])
        job_id, chunk = str(body["job"]), int(body["chunk"])
    except (ValueError, KeyError, TypeError) as error:
        log.error("unknown message dropped", error, message_id=record["messageId"])
        return True
    try:
        bootstrap.recovery().dead_letter(job_id, chunk)
        bootstrap.dead_letters().record(job_id, chunk, _receives(record))
    except Exception as error:  # noqa: BLE001 - the other messages of the batch are handled
        log.error("dead letter failed and will be redelivered", error, job=job_id, chunk=chunk)
        return False
    return True


def _receives(record: Mapping[str, Any]) -> int:
    """Return how often SQS has delivered the message, including this time."""
    return int(record.get("attributes", {}).get("ApproximateReceiveCount", 1))
