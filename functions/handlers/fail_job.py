"""FailJob: ends the job as FAILED with a reason, on the one error path of the workflow."""

from collections.abc import Mapping
from typing import Any

from handlers import execution_causes, log
from shoal import bootstrap


def handler(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """`{job, generation, cause}` → the `{status}` of the job afterwards."""
    cause = str(event["cause"])
    log.info("the workflow failed", job=event["job"], cause=cause)
    job = bootstrap.termination().fail(
        event["job"],
        int(event["generation"]),
        f"the workflow failed: {execution_causes.error_name(cause)}",
    )
    return {"status": job.status}
