"""Filters of task lists."""

from __future__ import annotations

from dataclasses import dataclass

from shoal.domain.cause import cause_of
from shoal.domain.counts import TaskStatus
from shoal.domain.outcome import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFilter:
    """A task must match all given fields. `attempts` is the minimum; `end` is exclusive.

    `cause` is the fingerprint of a cause.
    """

    statuses: frozenset[TaskStatus] = frozenset()
    attempts: int = 0
    cause: str | None = None
    end: int | None = None

    @property
    def possible(self) -> frozenset[TaskStatus]:
        """The possible statuses of matching tasks; empty for any."""
        return self.statuses if self.cause is None else frozenset({TaskStatus.FAILED})

    def admits(self, status: TaskStatus, attempts: int, index: int) -> bool:
        """Return whether the task matches, judged by its chunk's row."""
        return (
            (not self.statuses or status in self.statuses)
            and attempts >= self.attempts
            and (self.end is None or index < self.end)
            and (self.cause is None or status is TaskStatus.FAILED)
        )

    def matches_cause(self, task_type: str, outcome: Outcome | None) -> bool:
        """Return whether the outcome has the requested cause."""
        if self.cause is None:
            return True
        error = None if outcome is None else outcome.error
        return cause_of(task_type, error).fingerprint == self.cause
