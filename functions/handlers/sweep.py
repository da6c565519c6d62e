"""Sweep: recovers each job on the watch list, every five minutes."""

from collections.abc import Mapping
from typing import Any

from handlers import log
from shoal import bootstrap


def handler(_event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """Any event → `{watched, failed}`; an invocation during another sweep does nothing."""
    result = bootstrap.sweep().run()
    if result is None:
        log.info("another sweep is running")
        return {"watched": 0, "failed": 0}
    for job_id, error in result.failures:
        log.error("job not recovered", error, job_id=job_id)
    log.info("sweep finished", watched=result.watched, failed=len(result.failures))
    return {"watched": result.watched, "failed": len(result.failures)}
