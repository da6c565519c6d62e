"""Optimistic updates: read, transition, conditional write. All updates of jobs use them."""

from collections.abc import Callable
from typing import Final, NamedTuple

from shoal.domain.errors import JobNotFound, Unavailable, WriteConflict
from shoal.domain.job import Job
from shoal.ports.jobs import JobStore

TRIES: Final = 20
"""Most writes of an update. Each one that loses to a concurrent write is repeated."""


class Update[R, M](NamedTuple):
    """The row of the last read, and the row that was written over it; None if nothing was."""

    row: R
    moved: M | None


def update_over_version[R, M](
    read: Callable[[], R],
    move: Callable[[R], M | None],
    write: Callable[[M], None],
    *,
    what: str,
    tries: int = TRIES,
) -> Update[R, M]:
    """Apply a transition to the current row; begin again if another write came first.

    A transition returns None if there is nothing to write. Raises Unavailable after too many
    conflicts; `what` names the row.
    """
    for _ in range(tries):
        row = read()
        moved = move(row)
        if moved is None:
            return Update(row, None)
        try:
            write(moved)
        except WriteConflict:
            continue
        return Update(row, moved)
    raise Unavailable(f"too many concurrent updates to {what}")


def read_from[R](first: R, read: Callable[[], R]) -> Callable[[], R]:
    """Return a function that returns the row that the caller has read, then the current ones."""
    known = [first]
    return lambda: known.pop() if known else read()


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

    def read() -> Job:
        job = jobs.get(job_id)
        if job is None:
            raise JobNotFound(job_id)
        require_known(job)
        return job

    def move_unless_written(job: Job) -> Job | None:
        if written and job == written[0][1]:
            return None  # the SDK repeated a write that was done, and the repeat was refused
        moved = move(job)
        written[:] = [] if moved is None else [(job, moved)]
        return moved

    def write_moved(moved: Job) -> None:
        before = written[0][0]
        (jobs.begin if makes_live(before, moved) else write or jobs.put)(moved)

    written: list[tuple[Job, Job]] = []
    update: Update[Job, Job] = update_over_version(
        read, move_unless_written, write_moved, what=f"job {job_id}"
    )
    return update.moved or update.row


def makes_live(job: Job, moved: Job) -> bool:
    """Return whether the transition begins a generation."""
    return moved.generation > job.generation


def require_known(job: Job) -> None:
    """Raise Unavailable if only a later version of the code knows the state of the job."""
    if not job.known:
        raise Unavailable(f"a later version of Shoal wrote job {job.id} ({job.status})")
