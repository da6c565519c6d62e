"""Rows of jobs changed: what it means to users goes out on the event bus."""

from collections.abc import Mapping
from typing import Any

from handlers import log
from shoal import bootstrap
from shoal.domain.job import Job


def handler(event: Mapping[str, Any], _context: object) -> None:
    """Records of the jobs table's stream → nothing; an error makes the whole batch come again."""
    changes = [change for record in event["Records"] if (change := _change(record)) is not None]
    told = bootstrap.job_events().publish(changes)
    log.info("told of jobs", records=len(event["Records"]), events=told)


def _change(record: Mapping[str, Any]) -> tuple[Job | None, Job] | None:
    try:
        return bootstrap.job_change(record)
    except (ValueError, KeyError, TypeError) as error:
        # One row that cannot be read must not hold up the events of all others for a day.
        log.error("dropped a record that is no job's", error, event_id=record.get("eventID"))
        return None
