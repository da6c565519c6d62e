"""EnqueueTasks: sends the messages of one range of chunks."""

from collections.abc import Mapping
from typing import Any

from shoal import bootstrap


def handler(event: Mapping[str, Any], _context: object) -> None:
    """Handle the input `{job, generation, first, count}`; return nothing."""
    bootstrap.planning().enqueue(
        event["job"], int(event["generation"]), int(event["first"]), int(event["count"])
    )
