"""The status of a task as users see it, which depends on its job too."""

from shoal.domain.chunk import Chunk
from shoal.domain.counts import TaskStatus
from shoal.domain.job import Job


def visible_status(job: Job, chunk: Chunk, offset: int) -> TaskStatus:
    """A task's status as users see it.

    A task that never ended shows as CANCELLED once its job is closed. A task that did not complete
    shows as PENDING until its row is reset for the job's new generation.
    """
    status = chunk.status_of(offset)
    if status is TaskStatus.COMPLETED:
        return status
    if chunk.generation != job.generation:
        return untouched_status(job)
    ended = status in (TaskStatus.FAILED, TaskStatus.CANCELLED)
    return status if ended or not job.closed else TaskStatus.CANCELLED


def untouched_status(job: Job) -> TaskStatus:
    """The status of a task that no worker has touched."""
    return TaskStatus.CANCELLED if job.closed else TaskStatus.PENDING
