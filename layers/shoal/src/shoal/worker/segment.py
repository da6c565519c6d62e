"""A segment: tasks of one chunk that the pool runs in a child, and their state."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto
from typing import Protocol

from shoal.worker.assignment import Assignment
from shoal.worker.fork_client import ChildHandle
from shoal.worker.outcome import index_of, task_of


class Owner(Protocol):
    """The owner of a segment. The thread of the pool calls it."""

    def outcomes(self, outcomes: list[bytes]) -> None:
        """Receives the outcomes of tasks that ended."""

    def ended(self) -> None:
        """Called when the segment has ended. No outcomes follow."""


class KillReason(Enum):
    """Why the worker kills a child."""

    TIMEOUT = auto()
    MEMORY = auto()
    STOP = auto()


class Segment:
    """Tasks to run in one child, which runs tasks of this `tenant` only.

    The child of a `fresh` segment runs no other segment. Tasks of a `cancellable` segment can
    detect a cancel. `token` is that of the lease; it stays in the worker.
    """

    def __init__(
        self,
        owner: Owner,
        assignment: Assignment,
        *,
        tenant: str,
        fresh: bool = False,
        cancellable: bool = False,
        token: str | None = None,
    ) -> None:
        self.owner = owner
        self.tenant = tenant
        self.token = token
        self.assignment = assignment
        """The tasks. For concurrent tasks, those that remained when the last child started."""
        self.fresh = fresh
        self.cancellable = cancellable
        self.child: ChildHandle | None = None
        self.ended = 0
        """The number of tasks with an outcome, if the tasks run in order."""
        self.ended_indexes: set[int] = set()
        """The indexes of the tasks with an outcome, if the tasks run concurrently."""
        self.first_position = 0
        """The position of the first task that the current child received."""
        self.assigned_at = 0.0
        self.bytes_read = 0
        """Bytes of outcomes that the worker has read."""
        self.bytes_seen = 0
        """Bytes of outcomes that existed at the last poll."""
        self.deadline = float("inf")
        self.kill_at = float("inf")
        self.early_deaths = 0
        self.stopping = False
        self.coalesced_into: Segment | None = None
        """The coalesced segment that contains this one."""
        self.split: Callable[[], None] | None = None
        """In a coalesced segment: runs the parts behind the current task separately."""
        self.split_at = float("inf")
        self.splitting = False
        self.corrupt = False
        """Its child has written something else than its outcomes."""
        self.killed: KillReason | None = None
        self.killed_position = -1
        self.resident_mb = 0
        """Megabytes that the child used when it was killed to free memory."""

    @property
    def timeout(self) -> float:
        """The timeout of one task in seconds."""
        return self.assignment.timeout

    @property
    def concurrent(self) -> bool:
        """Whether a child runs several tasks at the same time."""
        return not self.assignment.one_by_one

    @property
    def can_coalesce(self) -> bool:
        """Whether it may be coalesced: its tasks must not know their chunk and epoch."""
        return not (self.fresh or self.cancellable or self.concurrent)

    def remaining(self) -> Assignment:
        """Returns the tasks without an outcome."""
        tasks = self.assignment.tasks
        if self.concurrent:
            tasks = [task for task in tasks if task[0] not in self.ended_indexes]
        elif self.ended:
            tasks = tasks[self.ended :]
        return self.assignment._replace(tasks=tasks)

    def expects(self, outcomes: list[bytes]) -> bool:
        """Whether these are outcomes of tasks that have none yet."""
        found = [task_of(outcome) for outcome in outcomes]
        left = [(index, attempt) for index, attempt, _ in self.remaining().tasks]
        if self.concurrent:
            return len({*found}) == len(found) > 0 and {*found} <= {*left}
        return bool(found) and found == left[: len(found)]

    def record(self, outcomes: list[bytes]) -> None:
        """Records that the tasks of these outcomes ended."""
        if self.concurrent:
            self.ended_indexes.update(map(index_of, outcomes))
        else:
            self.ended += len(outcomes)

    def run_one_by_one(self) -> None:
        """Runs the remaining tasks one by one, to find the task that kills the child."""
        self.assignment = self.remaining()._replace(one_by_one=True)
        self.ended = 0

    def current_position(self, child: ChildHandle) -> int | None:
        """Returns the position of the child's current or last task."""
        current = child.shared_memory.current
        return self.first_position + current[0] if current else None

    def log_fields(self, position: int) -> dict[str, str]:
        """Returns the log fields for output of the task at a position within the child."""
        job, tasks = self.assignment.job_id, self.assignment.tasks
        position += self.first_position
        if not self.first_position <= position < len(tasks):
            return {}
        return {"job": job, "task": f"{job}.{tasks[position][0]}"}

    @property
    def current_task_now(self) -> tuple[int | None, float | None]:
        """Index and progress of the current task. Approximate outside of the pool's thread."""
        if (whole := self.coalesced_into) is not None:
            index, progress = whole.current_task_now
            is_own = any(index == task[0] for task in self.assignment.tasks)
            return (index, progress) if is_own else (None, None)
        child = self.child
        try:
            position = self.current_position(child) if child and not self.concurrent else None
            if position is None or child is None:
                return None, None
            return self.assignment.tasks[position][0], child.shared_memory.progress
        except (ValueError, IndexError):  # the task ended concurrently
            return None, None
