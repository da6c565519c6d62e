"""A line of the watch list: an open job, as the sweep and the limits of its tenant know it."""

from __future__ import annotations

from typing import NamedTuple

from shoal.domain.job import Job


class WatchLine(NamedTuple):
    """The line of a job. `tasks` count towards the limits of the tenant.

    `job_version` is the version that the job's row had when it last became live. It is never a
    counter of the line: a line that is put again must not repeat a number. None in the lines of
    earlier versions of Shoal.
    """

    job_id: str
    tenant: str
    tasks: int
    job_version: int | None

    @staticmethod
    def of(job: Job) -> WatchLine:
        """Return the line of a job whose row makes it live."""
        return WatchLine(job.id, job.tenant, tasks_of(job), job.version)


def tasks_of(job: Job) -> int:
    """Return how many tasks of the job count; an upload counts as one until its lines are read."""
    return job.task_count or 1
