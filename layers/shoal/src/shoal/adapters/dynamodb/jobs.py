"""Jobs, tallies and sums in the jobs table; the watch list in the registry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING

from shoal.adapters.dynamodb.job_indexes import JobIndexes
from shoal.adapters.index_paging import merged_page
from shoal.adapters.rows.attributes import number, text
from shoal.adapters.rows.jobs import check_size, job_of, job_row
from shoal.adapters.rows.tallies import (
    pack_entry,
    pack_sum,
    sortable,
    sums_id,
    sums_of,
    tally_id,
    tally_of,
    tally_row,
)
from shoal.domain.job import Job
from shoal.domain.job_filter import JobFilter
from shoal.domain.page_key import id_at
from shoal.domain.tally import Entry, Sum, Tally
from shoal.domain.watch_line import WatchLine
from shoal.ports.clock import Clock
from shoal.ports.jobs import JobPage, WatchPage

if TYPE_CHECKING:
    from shoal.adapters.dynamodb.table import Table
    from shoal.adapters.dynamodb.watch_list import WatchList


class DynamoJobStore:
    """Job writes are conditional on the version; entries and sums are SET in one update each.

    An expired job does not exist, although DynamoDB removes its rows days later and one by one.
    """

    def __init__(self, jobs: Table, watch_list: WatchList, clock: Clock) -> None:
        self._jobs = jobs
        self._watch_list = watch_list
        self._clock = clock

    def get(self, job_id: str) -> Job | None:
        row = self._jobs.get(job_id)
        return None if row is None else self._unless_expired(job_of(row))

    def get_many(self, job_ids: Iterable[str]) -> Mapping[str, Job]:
        found = map(job_of, self._jobs.get_many(job_ids).values())
        return {job.id: job for job in found if self._unless_expired(job)}

    def _unless_expired(self, job: Job) -> Job | None:
        return None if job.expired(self._clock.now()) else job

    def check_size(self, job: Job) -> None:
        check_size(job)

    def put(self, job: Job) -> None:
        self._jobs.put_over(job_row(job), job.version - 1)

    def begin(self, job: Job) -> None:
        self._watch_list.begin(job)

    def page(self, tenant: str, which: JobFilter, *, limit: int, start: str | None) -> JobPage:
        if start is not None:
            id_at(start)
        looking = JobIndexes(self._jobs, tenant, which).read
        found = merged_page(looking, sorted(which.statuses), limit=limit, start=start)
        known = self.get_many(map(id_at, found.places))
        jobs = [known[id_at(each)] for each in found.places if id_at(each) in known]
        # The index is eventually consistent, and hashes of tags can collide.
        return JobPage([*filter(which.admits, jobs)], found.last, found.read + len(found.places))

    def create_tallies(self, tallies: Iterable[Tally], *, expires_at: int) -> None:
        self._jobs.put_all_new(tally_row(tally, expires_at) for tally in tallies)

    def set_entry(self, job_id: str, tally: int, slot: int, entry: Entry) -> Tally:
        _, row = self._jobs.set_where(
            tally_id(job_id, tally),
            {str(slot): text(pack_entry(entry))},
            "attribute_not_exists(#0) OR #0 < :later",
            {
                ":later": text(f"{sortable(entry.version)}~")
            },  # "~" sorts after the remainder of every entry
        )
        return tally_of(row)

    def tallies(self, job_id: str, numbers: Iterable[int]) -> list[Tally]:
        rows = self._jobs.get_many(tally_id(job_id, number) for number in numbers)
        return sorted(map(tally_of, rows.values()), key=lambda tally: tally.number)

    def all_tallies(self, jobs: Iterable[Job]) -> Mapping[str, Sequence[Tally]]:
        names = {job.id: [tally_id(job.id, n) for n in range(job.tallies)] for job in jobs}
        rows = self._jobs.get_many(chain.from_iterable(names.values()))
        return {
            job_id: [tally_of(rows[name]) for name in each if name in rows]
            for job_id, each in names.items()
        }

    def set_sum(
        self, job_id: str, generation: int, tally: int, each: Sum, *, expires_at: int
    ) -> Mapping[int, Sum]:
        _, row = self._jobs.set_where(
            sums_id(job_id, generation),
            {str(tally): text(pack_sum(each)), "expires_at": number(expires_at)},
            "attribute_not_exists(#0) OR #0 < :same",
            {":same": text(sortable(each.versions))},
        )
        return sums_of(row)

    def sums(self, job_id: str, generation: int) -> Mapping[int, Sum]:
        row = self._jobs.get(sums_id(job_id, generation))
        return {} if row is None else sums_of(row)

    def watch_line(self, job_id: str) -> WatchLine | None:
        return self._watch_list.get(job_id)

    def watch_lines(self, *, limit: int, start: str | None) -> WatchPage:
        return self._watch_list.page(limit=limit, start=start)

    def count_tasks(self, job: Job) -> None:
        self._watch_list.count_tasks(job)

    def stop_watching(self, line: WatchLine) -> bool:
        return self._watch_list.remove(line)
