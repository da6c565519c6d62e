"""Which tasks of a job a user looks for."""

from __future__ import annotations

from dataclasses import dataclass

from shoal.domain.cause import cause_of
from shoal.domain.counts import TaskStatus
from shoal.domain.outcome import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFilter:
    """All that is given has to hold. `attempts` is the fewest; indices are before `end`.

    `cause` is the fingerprint of one that failed tasks have in common.
    """

    statuses: frozenset[TaskStatus] = frozenset()
    attempts: int = 0
    cause: str | None = None
    end: int | None = None

    @property
    def possible(self) -> frozenset[TaskStatus]:
        """The statuses that its tasks can have; none if any."""
        return self.statuses if self.cause is None else frozenset({TaskStatus.FAILED})

    def admits(self, status: TaskStatus, attempts: int, index: int) -> bool:
        """Whether the task is one of them, as far as its chunk's row tells."""
        return (
            (not self.statuses or status in self.statuses)
            and attempts >= self.attempts
            and (self.end is None or index < self.end)
            and (self.cause is None or status is TaskStatus.FAILED)
        )

    def matches_cause(self, task_type: str, outcome: Outcome | None) -> bool:
        """Whether its outcome is of the cause that is sought."""
        if self.cause is None:
            return True
        error = None if outcome is None else outcome.error
        return cause_of(task_type, error).fingerprint == self.cause
