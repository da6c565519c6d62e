"""Rows and tallies of jobs changed: who listens to them is told how they stand."""

from collections.abc import Mapping
from typing import Any

from handlers import log
from shoal import bootstrap


def handler(event: Mapping[str, Any], _context: object) -> None:
    """Records of the jobs table's stream → nothing; an error makes the whole batch come again."""
    jobs = {bootstrap.changed_job(record) for record in event["Records"]}
    sent = bootstrap.live_deltas().publish(jobs)
    if sent:
        log.info("told listeners", records=len(event["Records"]), jobs=len(jobs), messages=sent)
