"""Publishes changes of jobs' rows as events on the event bus."""

from collections.abc import Mapping
from typing import Any

from handlers import log
from shoal import bootstrap
from shoal.domain.job import Job


def handler(event: Mapping[str, Any], _context: object) -> None:
    """Handle records of the jobs table's stream; after an error, the whole batch is redelivered."""
    changes = [change for record in event["Records"] if (change := _change(record)) is not None]
    published = bootstrap.job_events().publish(changes)
    log.info("job events published", records=len(event["Records"]), events=published)


def _change(record: Mapping[str, Any]) -> tuple[Job | None, Job] | None:
    try:
        return bootstrap.job_change(record)
    except (ValueError, KeyError, TypeError) as error:
        # A row that cannot be read must not delay the events of all others for a day.
        log.error("unreadable record dropped", error, event_id=record.get("eventID"))
        return None
