"""Job events: one per change of a job that is relevant to users."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from shoal.domain.job import Job, JobStatus


class JobChange(StrEnum):
    """A change of a job; the value is the event's detail-type."""

    SUBMITTED = "Job Submitted"
    ENQUEUED = "Job Enqueued"
    STARTED = "Job Started"
    PAUSED = "Job Paused"
    RESUMED = "Job Resumed"
    STOPPING = "Job Stopping"
    COMPLETED = "Job Completed"
    FAILED = "Job Failed"
    CANCELLED = "Job Cancelled"
    RETRIED = "Job Retried"
    DELETED = "Job Deleted"


_REACHED: Final[Mapping[JobStatus, JobChange]] = {
    JobStatus.ENQUEUED: JobChange.ENQUEUED,
    JobStatus.RUNNING: JobChange.STARTED,
    JobStatus.COMPLETED: JobChange.COMPLETED,
    JobStatus.FAILED: JobChange.FAILED,
    JobStatus.CANCELLED: JobChange.CANCELLED,
}


@dataclass(frozen=True, slots=True)
class JobChangeEvent:
    """A change, and the job after it."""

    change: JobChange
    job: Job

    @property
    def id(self) -> str:
        """The id of the event; a repeated event has the same id."""
        return f"{self.job.id}.{self.job.version}.{self.change.name.lower()}"


def events_of(before: Job | None, after: Job) -> Sequence[JobChangeEvent]:
    """Return the events between two states of a job's row; internal changes have none."""
    return [JobChangeEvent(change, after) for change in _changes(before, after)]


def _changes(before: Job | None, after: Job) -> Sequence[JobChange]:
    if before is None:
        return [JobChange.SUBMITTED]
    if after.deleted_at is not None:
        return [JobChange.DELETED] if before.deleted_at is None else []
    if after.generation != before.generation:
        return [JobChange.RETRIED]
    changes = []
    if after.live and after.paused != before.paused:
        changes.append(JobChange.PAUSED if after.paused else JobChange.RESUMED)
    if after.live and after.ending is not None and before.ending is None:
        changes.append(JobChange.STOPPING)
    if after.status is not before.status and after.status in _REACHED:
        changes.append(_REACHED[after.status])
    return changes
