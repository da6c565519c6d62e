"""PlanTasks: plans the chunks of a job and returns their ranges for the next states."""

from collections.abc import Mapping
from typing import Any

from shoal import bootstrap


def handler(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """`{job, generation, n}` → `{ranges: [{first, count}, …]}`."""
    ranges = bootstrap.planning().plan(event["job"], int(event["generation"]), int(event["n"]))
    return {"ranges": [{"first": first, "count": count} for first, count in ranges]}
