"""Tasks of one chunk that the pool runs in a child, and what has come of them so far."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto
from typing import Protocol

from shoal.worker.assignment import Assignment
from shoal.worker.fork_client import ChildHandle
from shoal.worker.outcome import index_of


class Owner(Protocol):
    """Whoever gave the tasks hears what becomes of them, in the pool's thread."""

    def outcomes(self, outcomes: list[bytes]) -> None:
        """Tasks that ended."""

    def ended(self) -> None:
        """No task of the segment runs any more, and no outcome will follow."""


class KillReason(Enum):
    """Why its child is killed."""

    TIMEOUT = auto()
    MEMORY = auto()
    STOP = auto()


class Segment:
    """Tasks to run. `fresh` ends their child with them; tasks that `look` hear of a cancel."""

    def __init__(
        self,
        owner: Owner,
        assignment: Assignment,
        *,
        fresh: bool = False,
        cancellable: bool = False,
    ) -> None:
        self.owner = owner
        self.assignment = assignment
        """Those of its tasks that were there when a child last began with them together."""
        self.fresh = fresh
        self.cancellable = cancellable
        self.child: ChildHandle | None = None
        self.ended = 0
        """How many tasks have an outcome, where they run and end in order."""
        self.ended_indexes: set[int] = set()
        """Which indices have one, where they do not."""
        self.first_position = 0
        """Which task the child was given as its first."""
        self.assigned_at = 0.0
        self.bytes_read = 0
        """Bytes of the child's slate that were read."""
        self.bytes_seen = 0
        """Bytes of it that were there when last looked at."""
        self.deadline = float("inf")
        self.kill_at = float("inf")
        self.early_deaths = 0
        self.stopping = False
        self.coalesced_into: Segment | None = None
        """The segment that it runs in as a part."""
        self.split: Callable[[], None] | None = None
        """Of one that has parts: has others run what waits behind the task in hand."""
        self.split_at = float("inf")
        self.splitting = False
        self.killed: KillReason | None = None
        self.killed_position = -1
        self.resident_mb = 0
        """Megabytes that its child had when it was killed for them."""

    @property
    def timeout(self) -> float:
        """Seconds for one task."""
        return self.assignment.timeout

    @property
    def concurrent(self) -> bool:
        """Whether a child has several of its tasks in hand."""
        return not self.assignment.one_by_one

    @property
    def can_coalesce(self) -> bool:
        """Whether it may be a part of another: its tasks know neither their chunk nor epoch."""
        return not (self.fresh or self.cancellable or self.concurrent)

    def remaining(self) -> Assignment:
        """Those of its tasks that have no outcome."""
        tasks = self.assignment.tasks
        if self.concurrent:
            tasks = [task for task in tasks if task[0] not in self.ended_indexes]
        elif self.ended:
            tasks = tasks[self.ended :]
        return self.assignment._replace(tasks=tasks)

    def record(self, outcomes: list[bytes]) -> None:
        """Note which tasks ended."""
        if self.concurrent:
            self.ended_indexes.update(map(index_of, outcomes))
        else:
            self.ended += len(outcomes)

    def run_one_by_one(self) -> None:
        """Run what is left one by one, so that the task to blame shows."""
        self.assignment = self.remaining()._replace(one_by_one=True)
        self.ended = 0

    def current_position(self, child: ChildHandle) -> int | None:
        """Which task the child has, or had last, in hand."""
        current = child.shared_memory.current
        return self.first_position + current[0] if current else None

    def log_fields(self, position: int) -> dict[str, str]:
        """What a line carries that was printed by the task at this position of the child's."""
        if position < 0:
            return {}
        job, index = (
            self.assignment.job_id,
            self.assignment.tasks[self.first_position + position][0],
        )
        return {"job": job, "task": f"{job}.{index}"}

    @property
    def current_task_now(self) -> tuple[int | None, float | None]:
        """Index and progress of the task that runs now; a guess if asked from another thread."""
        if (whole := self.coalesced_into) is not None:
            index, progress = whole.current_task_now
            own = any(index == task[0] for task in self.assignment.tasks)
            return (index, progress) if own else (None, None)
        child = self.child
        try:
            position = self.current_position(child) if child and not self.concurrent else None
            if position is None or child is None:
                return None, None
            return self.assignment.tasks[position][0], child.shared_memory.progress
        except (ValueError, IndexError):  # it ended at this moment
            return None, None
