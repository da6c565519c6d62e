"""EventBridge says that an execution ended: was its job closed, and in the matching status?"""

from collections.abc import Mapping
from typing import Any

from handlers import log
from shoal import bootstrap
from shoal.domain.ids import parse_execution_name


def handler(event: Mapping[str, Any], _context: object) -> None:
    """`Step Functions Execution Status Change` → nothing."""
    detail = event["detail"]
    parsed = parse_execution_name(detail["name"])
    if parsed is None:
        log.info("an execution that is not ours ended", execution=detail["name"])
        return
    bootstrap.recovery().recover(parsed[0])
    bootstrap.audit_trail().record_canary(parsed[0])
