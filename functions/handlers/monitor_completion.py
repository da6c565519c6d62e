"""MonitorCompletion: runs one pass over a job and decides the next step of its execution."""

from collections.abc import Mapping
from typing import Any

from shoal import bootstrap
from shoal.service.reconciliation import PassState


def handler(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """`{job, generation, passes, seen}` → `{decision, passes, seen, reason}`."""
    passes = int(event["passes"])
    step = bootstrap.reconciliation().reconcile(
        event["job"], int(event["generation"]), passes, PassState(**event["seen"])
    )
    return {
        "decision": step.decision,
        "passes": passes + 1,
        "seen": step.state._asdict(),
        "reason": step.reason,
    }
