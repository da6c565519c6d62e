"""Recovers the job of an ended execution, unless the job was closed with the same status."""

from collections.abc import Mapping
from typing import Any

from handlers import log
from shoal import bootstrap
from shoal.domain.ids import parse_execution_name


def handler(event: Mapping[str, Any], _context: object) -> None:
    """Handle the event `Step Functions Execution Status Change`; return nothing."""
    detail = event["detail"]
    parsed = parse_execution_name(detail["name"])
    if parsed is None:
        log.info("unknown execution ended", execution=detail["name"])
        return
    bootstrap.recovery().recover(parsed[0])
    bootstrap.audit_trail().record_canary(parsed[0])
