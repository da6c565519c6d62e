"""WaitAndRetry: keep the token on which the execution waits for news of its job."""

from collections.abc import Mapping
from typing import Any

from shoal import bootstrap


def handler(event: Mapping[str, Any], _context: object) -> None:
    """`{job, generation, token}` → nothing; the token is answered when there is news."""
    bootstrap.reconciliation().wait(event["job"], int(event["generation"]), event["token"])
