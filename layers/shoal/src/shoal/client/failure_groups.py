"""Failure groups: the failed tasks of a job by cause."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from shoal.client.models import Json

_MAX_EXAMPLES: Final = 3


def merged(groups: Iterable[Json]) -> list[Json]:
    """Add up the groups of all pages, the most frequent cause first.

    Each page counts only its own tasks, so one cause can be on several pages.
    """
    causes: dict[str, dict[str, Any]] = {}
    for group in groups:
        cause = causes.setdefault(group["cause"], {**group, "count": 0, "examples": []})
        cause["count"] += group["count"]
        cause["examples"] = [*cause["examples"], *group["examples"]][:_MAX_EXAMPLES]
    return sorted(causes.values(), key=lambda cause: -cause["count"])
