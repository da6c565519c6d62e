"""Reads jobs with their task counts for users."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

from shoal.domain.counts import Counts
from shoal.domain.job import Job
from shoal.domain.job_filter import JobFilter
from shoal.domain.job_version import job_version
from shoal.domain.page_key import place
from shoal.ports.jobs import JobStore
from shoal.service.job_access import owned_job
from shoal.service.read_limits import MOST_ROWS
from shoal.service.termination import known_counts


class JobView(NamedTuple):
    """A job with its task counts; every change of either increases `version`."""

    job: Job
    counts: Counts
    version: int


class JobViewPage(NamedTuple):
    """A page of jobs, newest first; `next_key` is None at the end."""

    jobs: Sequence[JobView]
    next_key: str | None


@dataclass(frozen=True, slots=True)
class JobQueries:
    """Read access to jobs; jobs of another tenant do not exist."""

    jobs: JobStore

    def get(self, tenant: str, job_id: str) -> JobView:
        """Return a job; raise JobNotFound."""
        return self.view(owned_job(self.jobs, tenant, job_id))

    def view(self, job: Job) -> JobView:
        """Add the counts to a job that was just read or written."""
        return next(self._views([job]))

    def page(self, tenant: str, which: JobFilter, *, limit: int, start: str | None) -> JobViewPage:
        """Return matching jobs, newest first; fewer than `limit` if the row limit is reached."""
        page = self.jobs.page(tenant, which, limit=limit, start=start)
        shown = page.jobs[: _affordable(page.jobs, MOST_ROWS - page.read)]
        following = page.next_key if len(shown) == len(page.jobs) else place(shown[-1])
        return JobViewPage([*self._views(shown)], following)

    def _views(self, jobs: Sequence[Job]) -> Iterator[JobView]:
        tallies = self.jobs.all_tallies(job for job in jobs if not job.closed)
        for job in jobs:
            known = tallies.get(job.id, ())
            counts = job.counts or known_counts(job, known)
            moves = job.moves or sum(tally.versions for tally in known)
            yield JobView(job, counts, job_version(job.version, moves))


def _affordable(jobs: Sequence[Job], rows: int) -> int:
    """Return how many of the first jobs have at most `rows` tallies in total; at least 1."""
    totals = accumulate(0 if job.closed else job.tallies for job in jobs)
    return max(1, sum(total <= rows for total in totals))
