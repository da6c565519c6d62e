"""What tasks returned, and what is missing: as a page, and as JSON Lines."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Any

from shoal.domain.counts import TaskStatus
from shoal.wire.bodies import ResponseBody


class ResultBody(ResponseBody):
    """What a completed task returned; null if that is `too_large` for one answer."""

    index: int
    result: Any
    too_large: bool = False


class MissingWhy(StrEnum):
    """Why a task has no result: its status, or that its result is not kept any more."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    RETRYING = "RETRYING"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"

    @staticmethod
    def of(status: TaskStatus) -> MissingWhy:
        """Of a task without a result; one that completed had one."""
        return MissingWhy.EXPIRED if status is TaskStatus.COMPLETED else MissingWhy(status.value)


class MissingBody(ResponseBody):
    """Tasks from index `first` to `last`, both included, that have no result, and why."""

    first: int
    last: int
    count: int
    why: MissingWhy


class ResultPageBody(ResponseBody):
    """Results by index, and what is `missing` among them; a null `next_token` ends the list.

    A page tells of every task before the next page: as an item, or as missing.
    """

    items: list[ResultBody]
    missing: list[MissingBody]
    next_token: str | None


def result_line(index: int, result: Any) -> str:
    """The line of JSON Lines of a task that completed."""
    return _line({"index": index, "status": TaskStatus.COMPLETED, "result": result})


def missing_line(index: int, status: TaskStatus) -> str:
    """The line of a task without a result."""
    why = MissingWhy.of(status)
    return _line({"index": index, "status": status, "result": None, "missing": why})


def too_large_line(index: int) -> str:
    """The line of a task whose result exceeds what one answer holds."""
    line = {"index": index, "status": TaskStatus.COMPLETED, "result": None, "too_large": True}
    return _line(line)


def _line(fields: dict[str, Any]) -> str:
    return json.dumps(fields, separators=(",", ":")) + "\n"
