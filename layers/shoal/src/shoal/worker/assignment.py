"""What a worker and its child processes tell each other: tasks one way, single bytes the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from shoal.sdk.context import TaskStorage

DONE: Final = b"D"
"""The assignment is over."""
RETIRE: Final = b"R"
"""The assignment is over, and the child has run so much that another should take its place."""
PROGRESS: Final = b"P"
"""There are outcomes to read."""
FULL: Final = b"F"
"""The slate is full; waits for an answer."""
TAIL: Final = b"T"
"""Waits for the tail of what the task in hand printed."""

type AssignedTask = tuple[int, int, Mapping[str, Any]]
"""Index, attempt and input of a task."""


class Assignment(NamedTuple):
    """Tasks of one chunk for a child; `one_by_one` even if they could run together."""

    task_type: str
    job_id: str
    chunk: int
    epoch: int
    timeout: float
    one_by_one: bool
    tasks: list[AssignedTask]


class ChildLimits(NamedTuple):
    """When a child retires: after so many tasks, or once it has grown by so many bytes.

    `max_data`: bytes that any child may have, if there is such a number.
    """

    max_tasks: int = 100_000
    max_growth: int = 256 * 1024 * 1024
    max_data: int | None = None


type StorageFactory = Callable[[str, int, int, int], TaskStorage]
"""Job, chunk, epoch, index → what that task keeps."""
