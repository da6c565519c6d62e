"""Read, move, write over the version that was read: the one way in which a job's row changes."""

from collections.abc import Callable

from shoal.domain.errors import JobNotFound, Unavailable, WriteConflict
from shoal.domain.job import Job
from shoal.ports.jobs import JobStore

TRIES = 20


def update_job(jobs: JobStore, job_id: str, move: Callable[[Job], Job | None]) -> Job:
    """Apply a move to the job as it now is; None means that there is nothing to write.

    Gives the job as it is afterwards. Raises JobNotFound, and Unavailable if other writes keep
    coming first.
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
    raise Unavailable(f"job {job_id} is written by too many at once")
