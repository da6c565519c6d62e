"""Jobs in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from shoal.adapters.index_paging import IndexPage, merged_page
from shoal.adapters.memory.restorable import Restorable
from shoal.adapters.rows.jobs import check_size
from shoal.domain.errors import WriteConflict
from shoal.domain.job import Job, JobStatus
from shoal.domain.job_filter import JobFilter
from shoal.domain.page_key import id_at, place
from shoal.domain.tally import Entry, Sum, Tally
from shoal.ports.clock import Clock
from shoal.ports.jobs import JobPage


class MemoryJobStore(Restorable):
    """Jobs, tallies and sums. Entries and sums are stored as sorted pairs.

    Without a clock, no job expires.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock
        self._jobs: dict[str, Job] = {}
        self._tallies: dict[tuple[str, int], tuple[tuple[int, Entry], ...]] = {}
        self._sums: dict[tuple[str, int], tuple[tuple[int, Sum], ...]] = {}
        self._open: dict[str, tuple[str, int]] = {}

    def get(self, job_id: str) -> Job | None:
        job = self._jobs.get(job_id)
        return None if job is None or self._expired(job) else job

    def get_many(self, job_ids: Iterable[str]) -> Mapping[str, Job]:
        found = [self._jobs[job_id] for job_id in job_ids if job_id in self._jobs]
        return {job.id: job for job in found if not self._expired(job)}

    def check_size(self, job: Job) -> None:
        check_size(job)

    def create(self, job: Job) -> bool:
        if job.id in self._jobs:
            return False
        self._jobs[job.id] = job
        return True

    def put(self, job: Job) -> None:
        stored = self._jobs.get(job.id)
        if stored is None or stored.version != job.version - 1:
            raise WriteConflict(job.id)
        self._jobs[job.id] = job

    def page(self, tenant: str, which: JobFilter, *, limit: int, start: str | None) -> JobPage:
        if start is not None:
            id_at(start)
        known = [job for job in self._jobs.values() if not self._expired(job)]
        jobs = {place(job): job for job in known if job.tenant == tenant}

        def read(status: JobStatus | None, before: str | None, most: int) -> IndexPage:
            """Read jobs as an index would, by tenant, status and place."""
            end = which.end if before is None else min(which.end, before)
            inside = [
                each
                for each, job in jobs.items()
                if status in {None, job.status} and which.first <= each < end
            ]
            seen = sorted(inside, reverse=True)[:most]
            found = [each for each in seen if which.admits(jobs[each])]
            return IndexPage(found, len(seen), seen[-1] if len(inside) > len(seen) else None)

        look_at = merged_page(read, sorted(which.statuses), limit=limit, start=start)
        found = [jobs[each] for each in look_at.places]
        return JobPage(found, look_at.last, look_at.read + len(found))

    def create_tallies(self, tallies: Iterable[Tally], *, expires_at: int) -> None:
        del expires_at
        for tally in tallies:
            entries = tuple(sorted(tally.entries.items()))
            self._tallies.setdefault((tally.job, tally.number), entries)

    def set_entry(self, job_id: str, tally: int, slot: int, entry: Entry) -> Tally:
        entries = dict(self._tallies.get((job_id, tally), ()))
        if entry.replaces(entries.get(slot)):
            entries[slot] = entry
            self._tallies[job_id, tally] = tuple(sorted(entries.items()))
        return Tally(job_id, tally, entries)

    def tallies(self, job_id: str, numbers: Iterable[int]) -> list[Tally]:
        return [
            Tally(job_id, number, dict(self._tallies[job_id, number]))
            for number in sorted(set(numbers))
            if (job_id, number) in self._tallies
        ]

    def all_tallies(self, jobs: Iterable[Job]) -> Mapping[str, Sequence[Tally]]:
        return {job.id: self.tallies(job.id, range(job.tallies)) for job in jobs}

    def set_sum(
        self, job_id: str, generation: int, tally: int, each: Sum, *, expires_at: int
    ) -> Mapping[int, Sum]:
        del expires_at
        sums = dict(self._sums.get((job_id, generation), ()))
        if each.replaces(sums.get(tally)):
            sums[tally] = each
            self._sums[job_id, generation] = tuple(sorted(sums.items()))
        return sums

    def sums(self, job_id: str, generation: int) -> Mapping[int, Sum]:
        return dict(self._sums.get((job_id, generation), ()))

    def mark_open(self, job: Job) -> None:
        self.mark(job.id, job.tenant, job.task_count or 1)

    def unmark_open(self, job_id: str) -> None:
        self._open.pop(job_id, None)

    def marked_open(self) -> Iterator[str]:
        return iter(sorted(self._open))

    def _expired(self, job: Job) -> bool:
        return self._clock is not None and job.expired(self._clock.now())

    def mark(self, job_id: str, tenant: str, tasks: int) -> None:
        """Add a job to the watch list; its row may not exist yet."""
        self._open[job_id] = tenant, tasks

    def marked(self, job_id: str) -> bool:
        """Return whether the job is on the watch list."""
        return job_id in self._open

    def open_of(self, tenant: str) -> tuple[int, int]:
        """Return the numbers of open jobs of a tenant and of their tasks."""
        tasks = [count for name, count in self._open.values() if name == tenant]
        return len(tasks), sum(tasks)
