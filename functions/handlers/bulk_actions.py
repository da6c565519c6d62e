"""BulkActions: runs one step of a bulk action, or ends the action after repeated failures."""

from collections.abc import Mapping
from typing import Any

from handlers import execution_causes, log
from shoal import bootstrap


def handler(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """`{tenant, action}` → `{more}`; with a `cause` of failure, the action ends as FAILED."""
    tenant, action = str(event["tenant"]), str(event["action"])
    if "cause" in event:
        cause = str(event["cause"])
        log.info("bulk action failed", id=action, cause=cause)
        bootstrap.bulk_actions().give_up(
            tenant, action, f"it failed repeatedly: {execution_causes.error_name(cause)}"
        )
        return {"more": False}
    return {"more": bootstrap.bulk_actions().step(tenant, action)}
