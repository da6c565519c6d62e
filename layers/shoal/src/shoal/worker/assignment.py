"""The protocol between a worker and its child processes.

The worker sends assignments of tasks. A child replies with messages of a single byte.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from shoal.sdk.context import TaskStorage

DONE: Final = b"D"
"""The assignment has ended."""
RETIRE: Final = b"R"
"""The assignment has ended, and the child has reached one of its limits and must be replaced."""
PROGRESS: Final = b"P"
"""The shared memory contains outcomes to read."""
FULL: Final = b"F"
"""The shared memory is full. The child waits for a reply."""
TAIL: Final = b"T"
"""The child requests the end of the current task's output and waits for it."""

type AssignedTask = tuple[int, int, Mapping[str, Any]]
"""The index, attempt and input of a task."""


class Assignment(NamedTuple):
    """Tasks of one chunk for a child to run.

    `one_by_one` runs them one at a time even if their task type supports concurrency or batches.
    """

    task_type: str
    job_id: str
    chunk: int
    epoch: int
    timeout: float
    one_by_one: bool
    tasks: list[AssignedTask]


class ChildLimits(NamedTuple):
    """The limits of a child process.

    The worker replaces a child after `max_tasks` tasks, or when its memory has grown by
    `max_growth` bytes. `max_data` is the limit of its data segment in bytes, if it has one.
    """

    max_tasks: int = 100_000
    max_growth: int = 256 * 1024 * 1024
    max_data: int | None = None


class ChildDescriptors(NamedTuple):
    """The descriptors of a child: two sockets, its shared memory, and the pipe for its output."""

    connection: int
    calls: int
    shared_memory: int
    output: int


type Ask = Callable[[bytes], bytes]
"""Sends an encoded call of a task to the worker and returns the answer."""
type StorageFactory = Callable[[Ask, int], TaskStorage]
"""Makes the storage of the task of an index."""
