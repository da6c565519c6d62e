"""FailJob: the one error path of the workflow ends the job, and says why."""

from collections.abc import Mapping
from typing import Any

from handlers import execution_causes, log
from shoal import bootstrap


def handler(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """`{job, generation, cause}` → `{status}` of the job as it then is."""
    cause = str(event["cause"])
    log.info("the workflow failed", job=event["job"], cause=cause)
    job = bootstrap.termination().fail(
        event["job"],
        int(event["generation"]),
        f"the workflow failed: {execution_causes.error_name(cause)}",
    )
    return {"status": job.status}
