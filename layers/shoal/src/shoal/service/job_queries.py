"""Jobs with their counts, as users read them."""

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
    """A job and its tasks by status; `version` grows with every change of either, for good."""

    job: Job
    counts: Counts
    version: int


class JobViewPage(NamedTuple):
    """Some jobs, newest first, and where the next page begins (None at the end)."""

    jobs: Sequence[JobView]
    next_key: str | None


@dataclass(frozen=True, slots=True)
class JobQueries:
    """Reads only; jobs of another tenant do not exist."""

    jobs: JobStore

    def get(self, tenant: str, job_id: str) -> JobView:
        """One job."""
        return self.view(owned_job(self.jobs, tenant, job_id))

    def view(self, job: Job) -> JobView:
        """A job that was read or written just now, with its counts."""
        return next(self._views([job]))

    def page(self, tenant: str, which: JobFilter, *, limit: int, start: str | None) -> JobViewPage:
        """A tenant's jobs that are sought, newest first; fewer than `limit` if rows run out."""
        page = self.jobs.page(tenant, which, limit=limit, start=start)
        shown = page.jobs[: _affordable(page.jobs, MOST_ROWS - page.read)]
        following = page.next_key if len(shown) == len(page.jobs) else place(shown[-1])
        return JobViewPage([*self._views(shown)], following)

    def _views(self, jobs: Sequence[Job]) -> Iterator[JobView]:
        tallies = self.jobs.all_tallies(job for job in jobs if job.live)
        for job in jobs:
            known = tallies.get(job.id, ())
            counts = job.counts or known_counts(job, known)
            moves = job.moves or sum(tally.versions for tally in known)
            yield JobView(job, counts, job_version(job.version, moves))


def _affordable(jobs: Sequence[Job], rows: int) -> int:
    """How many of the jobs have tallies that so many rows hold; one has to be enough."""
    totals = accumulate(job.tallies if job.live else 0 for job in jobs)
    return max(1, sum(total <= rows for total in totals))
