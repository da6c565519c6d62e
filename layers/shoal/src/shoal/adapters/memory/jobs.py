"""Jobs in memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from shoal.adapters.index_paging import IndexPage, merged_page
from shoal.adapters.memory.restorable import Restorable
from shoal.adapters.rows.jobs import check_size
from shoal.domain.errors import WriteConflict
from shoal.domain.job import Job, JobStatus
from shoal.domain.job_filter import JobFilter
from shoal.domain.page_key import id_at, place
from shoal.domain.tally import Entry, Sum, Tally
from shoal.domain.watch_line import WatchLine, tasks_of
from shoal.ports.clock import Clock
from shoal.ports.jobs import JobPage, WatchPage


class MemoryJobStore(Restorable):
    """Jobs, tallies and sums. Entries and sums are stored as sorted pairs.

    Without a clock, no job expires.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock
        self._jobs: dict[str, Job] = {}
        self._tallies: dict[tuple[str, int], tuple[tuple[int, Entry], ...]] = {}
        self._sums: dict[tuple[str, int], tuple[tuple[int, Sum], ...]] = {}
        self._watched: dict[str, WatchLine] = {}

    def get(self, job_id: str) -> Job | None:
        job = self._jobs.get(job_id)
        return None if job is None or self._expired(job) else job

    def get_many(self, job_ids: Iterable[str]) -> Mapping[str, Job]:
        found = [self._jobs[job_id] for job_id in job_ids if job_id in self._jobs]
        return {job.id: job for job in found if not self._expired(job)}

    def check_size(self, job: Job) -> None:
        check_size(job)

    def create(self, job: Job) -> bool:
        """Write the job and its line if no job has its id; return whether they were written."""
        if job.id in self._jobs:
            return False
        self._jobs[job.id] = job
        self._watched[job.id] = WatchLine.of(job)
        return True

    def put(self, job: Job) -> None:
        stored = self._jobs.get(job.id)
        if stored is None or stored.version != job.version - 1:
            raise WriteConflict(job.id)
        self._jobs[job.id] = job

    def begin(self, job: Job) -> None:
        self.put(job)
        self._watched[job.id] = WatchLine.of(job)

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

    def watch_line(self, job_id: str) -> WatchLine | None:
        return self._watched.get(job_id)

    def watch_lines(self, *, limit: int, start: str | None) -> WatchPage:
        ids = sorted(job_id for job_id in self._watched if start is None or job_id > start)
        lines = [self._watched[job_id] for job_id in ids[:limit]]
        return WatchPage(lines, ids[limit - 1] if len(ids) > limit else None)

    def count_tasks(self, job: Job) -> None:
        line = self._watched.get(job.id)
        if line is not None:
            self._watched[job.id] = line._replace(tasks=tasks_of(job))

    def stop_watching(self, line: WatchLine) -> bool:
        if self._watched.get(line.job_id) != line:
            return False
        del self._watched[line.job_id]
        return True

    def _expired(self, job: Job) -> bool:
        return self._clock is not None and job.expired(self._clock.now())

    def watch(self, line: WatchLine) -> None:
        """Put a line on the watch list; its job may not exist."""
        self._watched[line.job_id] = line

    def watches(self, job_id: str) -> bool:
        """Return whether the job is on the watch list."""
        return job_id in self._watched

    @property
    def watched(self) -> list[str]:
        """The jobs of the watch list."""
        return sorted(self._watched)

    def open_of(self, tenant: str) -> tuple[int, int]:
        """Return the numbers of open jobs of a tenant and of their tasks."""
        tasks = [line.tasks for line in self._watched.values() if line.tenant == tenant]
        return len(tasks), sum(tasks)
