"""Updates a job's row: read, transition, conditional write. All updates of jobs use it."""

from collections.abc import Callable

from shoal.domain.errors import JobNotFound, Unavailable, WriteConflict
from shoal.domain.job import Job
from shoal.ports.jobs import JobStore

TRIES = 20


def update_job(
    jobs: JobStore,
    job_id: str,
    move: Callable[[Job], Job | None],
    *,
    write: Callable[[Job], None] | None = None,
) -> Job:
    """Apply a transition to the current job and return the result.

    A transition returns None if there is nothing to write. One that begins a generation makes the
    job live: its write includes the job's line of the watch list. `write` replaces the store's
    conditional write of the others. Raises JobNotFound, and Unavailable after too many write
    conflicts.
    """
    job, moved = jobs.get(job_id), None
    for _ in range(TRIES):
        if job is None:
            raise JobNotFound(job_id)
        require_known(job)
        if job == moved:  # the SDK repeated a write that was done, and the repeat was refused
            return job
        moved = move(job)
        if moved is None:
            return job
        begin_or_put = jobs.begin if makes_live(job, moved) else write or jobs.put
        try:
            begin_or_put(moved)
        except WriteConflict:
            job = jobs.get(job_id)
            continue
        return moved
    raise Unavailable(f"too many concurrent updates to job {job_id}")


def makes_live(job: Job, moved: Job) -> bool:
    """Return whether the transition begins a generation."""
    return moved.generation > job.generation


def require_known(job: Job) -> None:
    """Raise Unavailable if only a later version of the code knows the state of the job."""
    if not job.known:
        raise Unavailable(f"a later version of Shoal wrote job {job.id} ({job.status})")
