"""ExportResults: writes the next part of a file of results."""

from collections.abc import Mapping
from typing import Any

from shoal import bootstrap
from shoal.domain.export import Cursor


def handler(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """`{tenant, job, export, cursor}` → the next cursor, and whether there is `more`."""
    cursor = Cursor.from_state(event["cursor"])
    ids = str(event["tenant"]), str(event["job"]), str(event["export"])
    return bootstrap.exports().write_part(*ids, cursor).as_state()
