"""What becomes of messages that were received too often: receives are not crashes."""

import json
from collections.abc import Mapping
from typing import Any

from handlers import log
from shoal import bootstrap


def handler(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """Records of SQS → those that have to come again."""
    failed = [record["messageId"] for record in event["Records"] if not _handled(record)]
    return {"batchItemFailures": [{"itemIdentifier": message} for message in failed]}


def _handled(record: Mapping[str, Any]) -> bool:
    bootstrap.dead_letters().count()
    try:
        body = json.loads(record["body"])
        job_id, chunk = str(body["job"]), int(body["chunk"])
    except (ValueError, KeyError, TypeError) as error:
        log.error("dropped a message that is not ours", error, message_id=record["messageId"])
        return True
    try:
        bootstrap.recovery().dead_letter(job_id, chunk)
        bootstrap.dead_letters().record(job_id, chunk, _receives(record))
    except Exception as error:  # noqa: BLE001 - the other messages of the batch go on
        log.error("a dead letter has to come again", error, job=job_id, chunk=chunk)
        return False
    return True


def _receives(record: Mapping[str, Any]) -> int:
    """How often SQS has given it out, this time with it."""
    return int(record.get("attributes", {}).get("ApproximateReceiveCount", 1))
