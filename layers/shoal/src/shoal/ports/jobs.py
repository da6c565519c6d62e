"""Storage of jobs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

from shoal.domain.job import Job
from shoal.domain.job_filter import JobFilter
from shoal.domain.tally import Entry, Sum, Tally
from shoal.domain.watch_line import WatchLine


class JobPage(NamedTuple):
    """A page of jobs, newest first, and the start of the next page (None at the end).

    `read` is the number of rows that were read, including index entries.
    """

    jobs: Sequence[Job]
    next_key: str | None
    read: int = 0


class WatchPage(NamedTuple):
    """A page of the watch list, by job id, and the start of the next page (None at the end)."""

    lines: Sequence[WatchLine]
    next_key: str | None


class JobStore(Protocol):
    """Jobs with their lines of the watch list, and their tallies and sums.

    A job is created by `TenantStore.admit`.
    """

    def get(self, job_id: str) -> Job | None:
        """Return the current job."""

    def get_many(self, job_ids: Iterable[str]) -> Mapping[str, Job]:
        """Return the existing jobs."""

    def check_size(self, job: Job) -> None:
        """Raise InvalidRequest if the job is too large to be stored with all later changes."""

    def put(self, job: Job) -> None:
        """Write it over its previous version; raise WriteConflict if another write came first."""

    def begin(self, job: Job) -> None:
        """Write a job that this write makes live, as `put` does, in one transaction with its line.

        If the job has no line on the watch list, the transaction counts it for its tenant.
        """

    def page(self, tenant: str, which: JobFilter, *, limit: int, start: str | None) -> JobPage:
        """Return a page of a tenant's jobs, newest first; recently changed jobs can be missing.

        A page can have fewer jobs than `limit`, even none, and a `next_key`, because it reads at
        most 500 index entries. `start` is a page's `next_key`.
        """

    def create_tallies(self, tallies: Iterable[Tally], *, expires_at: int) -> None:
        """Write the tallies that do not exist; existing ones stay unchanged."""

    def set_entry(self, job_id: str, tally: int, slot: int, entry: Entry) -> Tally:
        """SET the entry if it replaces the current one; return the resulting tally."""

    def tallies(self, job_id: str, numbers: Iterable[int]) -> list[Tally]:
        """Return the existing tallies, in the order of their numbers."""

    def all_tallies(self, jobs: Iterable[Job]) -> Mapping[str, Sequence[Tally]]:
        """Return all existing tallies of each of these jobs, in the order of their numbers."""

    def set_sum(
        self, job_id: str, generation: int, tally: int, each: Sum, *, expires_at: int
    ) -> Mapping[int, Sum]:
        """SET the sum if it replaces the current one; return the resulting sums."""

    def sums(self, job_id: str, generation: int) -> Mapping[int, Sum]:
        """Return the sums of a generation."""

    def watch_line(self, job_id: str) -> WatchLine | None:
        """Return the job's line of the watch list."""

    def watch_lines(self, *, limit: int, start: str | None) -> WatchPage:
        """Return a page of the watch list. `start` is a page's `next_key`."""

    def count_tasks(self, job: Job) -> None:
        """Set the tasks of the job's line, if it has one, and count them for its tenant."""

    def stop_watching(self, line: WatchLine) -> bool:
        """Remove the line and its counts if it is as it was read; return whether it was.

        Read the line first, then the job: if the job became live in between, the line changed.
        """
