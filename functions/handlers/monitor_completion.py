"""MonitorCompletion: one pass over a job, and what its execution is to do next."""

from collections.abc import Mapping
from typing import Any

from shoal import bootstrap
from shoal.service.reconciliation import PassState


def handler(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """`{job, generation, passes, seen}` → `{decision, passes, seen, reason}`."""
    passes = int(event["passes"])
    verdict = bootstrap.reconciliation().reconcile(
        event["job"], int(event["generation"]), passes, PassState(**event["seen"])
    )
    return {
        "decision": verdict.decision,
        "passes": passes + 1,
        "seen": verdict.state._asdict(),
        "reason": verdict.reason,
    }
