"""Sends deltas of changed jobs to live subscribers."""

from collections.abc import Mapping
from typing import Any

from handlers import log
from shoal import bootstrap


def handler(event: Mapping[str, Any], _context: object) -> None:
    """Handle records of the jobs table's stream; after an error, the whole batch is redelivered."""
    jobs = {bootstrap.changed_job(record) for record in event["Records"]}
    sent = bootstrap.live_deltas().publish(jobs)
    if sent:
        log.info("live deltas sent", records=len(event["Records"]), jobs=len(jobs), messages=sent)
