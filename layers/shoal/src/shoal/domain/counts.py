"""Numbers of tasks by status."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple


class TaskStatus(StrEnum):
    """The status of a task; the value is used in the API."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    RETRYING = "RETRYING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"

    @property
    def letter(self) -> str:
        """The letter of the status in a chunk's row."""
        return _LETTER[self]

    @staticmethod
    def of(letter: str) -> TaskStatus:
        """Return the status of a letter; one of a later version of the code shows as RUNNING."""
        return _STATUS.get(letter, TaskStatus.RUNNING)

    @staticmethod
    def knows(letters: str) -> bool:
        """Return whether this version of the code knows all letters of a chunk."""
        return _STATUS.keys() >= set(letters)


_LETTER = {
    TaskStatus.PENDING: "P",
    TaskStatus.RUNNING: "R",
    TaskStatus.RETRYING: "T",
    TaskStatus.COMPLETED: "C",
    TaskStatus.FAILED: "F",
    TaskStatus.CANCELLED: "X",
}
_STATUS = {letter: status for status, letter in _LETTER.items()}


class Counts(NamedTuple):
    """The numbers of tasks by status."""

    pending: int = 0
    running: int = 0
    retrying: int = 0
    completed: int = 0
    failed: int = 0
    cancelled: int = 0

    @staticmethod
    def of(statuses: str) -> Counts:
        """Count the letters of a chunk; unknown ones count as running, because they may be open."""
        counts = Counts(*(statuses.count(letter) for letter in _STATUS))
        unknown = len(statuses) - sum(counts)
        return counts._replace(running=counts.running + unknown) if unknown else counts

    @staticmethod
    def total(parts: Iterable[Counts]) -> Counts:
        """Return the sum by status."""
        return Counts(*(sum(column) for column in zip(*parts, strict=True)))

    @property
    def open(self) -> int:
        """Tasks that have not ended."""
        return self.pending + self.running + self.retrying

    def after_close(self) -> Counts:
        """The counts of a closed job: tasks that never ended count as CANCELLED."""
        return Counts(
            completed=self.completed, failed=self.failed, cancelled=self.cancelled + self.open
        )
