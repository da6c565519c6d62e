"""Where jobs are kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from shoal.domain.job import Job
from shoal.domain.job_filter import JobFilter
from shoal.domain.tally import Entry, Sum, Tally


class JobPage(NamedTuple):
    """Some jobs, newest first, and where the next page begins (None at the end).

    `read` is how many rows it took, those of an index included.
    """

    jobs: Sequence[Job]
    next_key: str | None
    read: int = 0


class JobStore(Protocol):
    """Jobs, their tallies, sums and cursors."""

    def get(self, job_id: str) -> Job | None:
        """The job as it now is."""

    def get_many(self, job_ids: Iterable[str]) -> Mapping[str, Job]:
        """Those of the jobs that exist."""

    def create(self, job: Job) -> bool:
        """Write it if there is none of its id; whether it was written."""

    def put(self, job: Job) -> None:
        """Write it over the version before its own; raise WriteConflict if that is not there."""

    def page(self, tenant: str, which: JobFilter, *, limit: int, start: str | None) -> JobPage:
        """A tenant's jobs, newest first; a job that is just made or moved may be missing.

        It may have fewer than `limit`, even none, and a `next_key`: it looks at 500 entries of an
        index at most. `start` is a page's `next_key`.
        """

    def create_tallies(self, tallies: Iterable[Tally], *, expires_at: int) -> None:
        """Write those that do not exist; the others stay as they are."""

    def set_entry(self, job_id: str, tally: int, slot: int, entry: Entry) -> Tally:
        """SET the entry if it replaces the one there; the tally as it then is, either way."""

    def tallies(self, job_id: str, numbers: Iterable[int]) -> list[Tally]:
        """Those of the tallies that exist, in the order of their numbers."""

    def all_tallies(self, jobs: Iterable[Job]) -> Mapping[str, Sequence[Tally]]:
        """Every tally that exists of each of these jobs, in the order of their numbers."""

    def set_sum(
        self, job_id: str, generation: int, tally: int, each: Sum, *, expires_at: int
    ) -> Mapping[int, Sum]:
        """SET the sum if it replaces the one there; the generation's sums as they then are."""

    def sums(self, job_id: str, generation: int) -> Mapping[int, Sum]:
        """The sums of a generation."""

    def claim(
        self,
        job_id: str,
        generation: int,
        *,
        first: int,
        end: int,
        expires_at: int,
        count: int = 1,
    ) -> int | None:
        """The next number of a generation's cursor, from `first` on, or the first of `count`.

        None, and nothing is claimed, if not all of them are below `end`.
        """

    def cursor(self, job_id: str, generation: int) -> int | None:
        """Where the cursor stands; None if nothing was claimed."""

    def mark_open(self, job: Job) -> None:
        """Note that somebody has to watch the job, and count it and its tasks for its tenant."""

    def unmark_open(self, job_id: str) -> None:
        """Note that nobody has to any more, and count it out."""

    def marked_open(self) -> Iterator[str]:
        """The jobs that somebody has to watch."""
