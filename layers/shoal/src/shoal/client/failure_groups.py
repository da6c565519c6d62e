"""Failures by cause: what the pages of a job's failures count, added up."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from shoal.client.models import Json

_EXAMPLES = 3


def added_up(found: Iterable[Json]) -> list[Json]:
    """A row a cause, the most frequent first; each page counts a part of the tasks for itself."""
    causes: dict[str, dict[str, Any]] = {}
    for each in found:
        cause = causes.setdefault(each["cause"], {**each, "count": 0, "examples": []})
        cause["count"] += each["count"]
        cause["examples"] = [*cause["examples"], *each["examples"]][:_EXAMPLES]
    return sorted(causes.values(), key=lambda cause: -cause["count"])
