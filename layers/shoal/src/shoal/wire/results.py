"""Results and missing tasks, as pages and as JSON Lines."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Any

from shoal.domain.counts import TaskStatus
from shoal.wire.bodies import ResponseBody


class ResultBody(ResponseBody):
    """The result of a completed task; null if it is `too_large` for one answer."""

    index: int
    result: Any
    too_large: bool = False


class MissingWhy(StrEnum):
    """The reason why a task has no result: its status, or EXPIRED."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    RETRYING = "RETRYING"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"

    @staticmethod
    def of(status: TaskStatus) -> MissingWhy:
        """Return the reason of a task without a result; that of a completed task has expired."""
        return MissingWhy.EXPIRED if status is TaskStatus.COMPLETED else MissingWhy(status.value)


class MissingBody(ResponseBody):
    """Tasks from index `first` to `last` (inclusive) without a result, and the reason."""

    first: int
    last: int
    count: int
    why: MissingWhy


class ResultPageBody(ResponseBody):
    """Results by index, and the `missing` tasks between them; a null `next_token` ends the list.

    A page lists every task before the next page, as an item or as missing.
    """

    items: list[ResultBody]
    missing: list[MissingBody]
    next_token: str | None


def result_line(index: int, result: Any) -> str:
    """Return the JSON line of a completed task."""
    return _line({"index": index, "status": TaskStatus.COMPLETED, "result": result})


def missing_line(index: int, status: TaskStatus) -> str:
    """Return the JSON line of a task without a result."""
    why = MissingWhy.of(status)
    return _line({"index": index, "status": status, "result": None, "missing": why})


def too_large_line(index: int) -> str:
    """Return the JSON line of a task whose result is too large for one answer."""
    line = {"index": index, "status": TaskStatus.COMPLETED, "result": None, "too_large": True}
    return _line(line)


def _line(fields: dict[str, Any]) -> str:
    return json.dumps(fields, separators=(",", ":")) + "\n"
