"""What operations counts."""

from __future__ import annotations

from typing import Protocol

from shoal.domain.job import Job


class Metrics(Protocol):
    """What operations counts."""

    def tasks_ended(self, task_type: str, *, completed: int, failed: int) -> None:
        """Tasks that reached a terminal status just now."""

    def job_closed(self, job: Job) -> None:
        """A job that closed just now."""

    def stale_report(self) -> None:
        """A report that came too late and was refused."""

    def dead_letter(self) -> None:
        """A message that came through the dead-letter queue."""
