"""BulkActions: a while of a bulk action, or the note that it is given up."""

from collections.abc import Mapping
from typing import Any

from handlers import execution_causes, log
from shoal import bootstrap


def handler(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """`{tenant, action}` → `{more}`; with a `cause` of failure too, nothing more is done."""
    tenant, action = str(event["tenant"]), str(event["action"])
    if "cause" in event:
        cause = str(event["cause"])
        log.info("bulk action given up", id=action, cause=cause)
        bootstrap.bulk_actions().give_up(
            tenant, action, f"it failed again and again: {execution_causes.error_name(cause)}"
        )
        return {"more": False}
    return {"more": bootstrap.bulk_actions().step(tenant, action)}
