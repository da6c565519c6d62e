"""FailJob: the one error path of the workflow ends the job, and says why."""

from collections.abc import Mapping
from typing import Any, Final

from handlers import log
from shoal import bootstrap

_LONGEST_CAUSE: Final = 500


def handler(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """`{job, generation, cause}` → `{status}` of the job as it then is."""
    cause = str(event["cause"])
    log.say("the workflow failed", job=event["job"], cause=cause)
    job = bootstrap.ending().fail(
        event["job"],
        int(event["generation"]),
        f"the workflow failed: {cause[:_LONGEST_CAUSE]}",
    )
    return {"status": job.status}
