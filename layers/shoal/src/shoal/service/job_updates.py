"""Updates a job's row: read, transition, conditional write. All updates of jobs use it."""

from collections.abc import Callable

from shoal.domain.errors import JobNotFound, Unavailable, WriteConflict
from shoal.domain.job import Job
from shoal.ports.jobs import JobStore

TRIES = 20


def update_job(jobs: JobStore, job_id: str, move: Callable[[Job], Job | None]) -> Job:
    """Apply a transition to the current job and return the result.

    A transition returns None if there is nothing to write. Raises JobNotFound, and Unavailable
    after too many write conflicts.
    """
    for _ in range(TRIES):
        job = jobs.get(job_id)
        if job is None:
            raise JobNotFound(job_id)
        moved = move(job)
        if moved is None:
            return job
        try:
            jobs.put(moved)
        except WriteConflict:
            continue
        return moved
    raise Unavailable(f"too many concurrent updates to job {job_id}")
