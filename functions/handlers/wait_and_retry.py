"""WaitAndRetry: stores the task token with which the execution waits for its job."""

from collections.abc import Mapping
from typing import Any

from shoal import bootstrap


def handler(event: Mapping[str, Any], _context: object) -> None:
    """`{job, generation, token}` → nothing; the token is answered when the job changes."""
    bootstrap.reconciliation().wait(event["job"], int(event["generation"]), event["token"])
