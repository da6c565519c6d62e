"""Every five minutes: look after each job that somebody has to watch."""

from collections.abc import Mapping
from typing import Any

from handlers import log
from shoal import bootstrap


def handler(_event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """Anything → `{watched}`, how many jobs there are to watch."""
    watched = bootstrap.recovery().sweep()
    log.info("swept", watched=watched)
    return {"watched": watched}
