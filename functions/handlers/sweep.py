"""Sweep: recovers each job on the watch list, every five minutes."""

from collections.abc import Mapping
from typing import Any

from handlers import log
from shoal import bootstrap


def handler(_event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """Any event → `{watched}`, the number of jobs on the watch list."""
    watched = bootstrap.recovery().sweep()
    log.info("sweep finished", watched=watched)
    return {"watched": watched}
