"""Operational metrics."""

from __future__ import annotations

from typing import Protocol

from shoal.domain.job import Job


class Metrics(Protocol):
    """Counters for operators."""

    def tasks_ended(self, task_type: str, *, completed: int, failed: int) -> None:
        """Count tasks that reached a terminal status."""

    def job_closed(self, job: Job) -> None:
        """Count a job that closed."""

    def stale_report(self) -> None:
        """Count a stale report."""

    def dead_letter(self) -> None:
        """Count a dead letter."""

    def sweep_failure(self) -> None:
        """Count a job that the sweep could not recover."""
