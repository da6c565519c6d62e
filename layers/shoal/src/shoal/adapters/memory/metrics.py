"""Metrics in memory."""

from __future__ import annotations

from shoal.adapters.memory.restorable import Restorable
from shoal.domain.job import Job, JobStatus


class RecordingMetrics(Restorable):
    """Recorded metrics: tasks by type and outcome, closed jobs, stale reports."""

    def __init__(self) -> None:
        self.completed: dict[str, int] = {}
        self.failed: dict[str, int] = {}
        self.closed: dict[tuple[str, int], JobStatus] = {}
        self.other: dict[str, int] = {}

    def tasks_ended(self, task_type: str, *, completed: int, failed: int) -> None:
        self.completed[task_type] = self.completed.get(task_type, 0) + completed
        self.failed[task_type] = self.failed.get(task_type, 0) + failed

    def job_closed(self, job: Job) -> None:
        self.closed[job.id, job.generation] = job.status

    def stale_report(self) -> None:
        self.other["stale_reports"] = self.other.get("stale_reports", 0) + 1

    def dead_letter(self) -> None:
        self.other["dead_letters"] = self.other.get("dead_letters", 0) + 1

    def sweep_failure(self) -> None:
        self.other["sweep_failures"] = self.other.get("sweep_failures", 0) + 1
