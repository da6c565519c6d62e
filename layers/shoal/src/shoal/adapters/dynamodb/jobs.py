"""Jobs with their tallies, sums and cursors in the jobs table; open jobs in the registry."""
# ruff: noqa: D102 - the port says what each method promises

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Final

from shoal.adapters.faults import translated
from shoal.adapters.rows.attributes import Row, int_of, number, text
from shoal.adapters.rows.jobs import job_of, job_row, tenant_status
from shoal.adapters.rows.tallies import (
    cursor_id,
    pack_entry,
    pack_sum,
    sortable,
    sums_id,
    sums_of,
    tally_id,
    tally_of,
    tally_row,
)
from shoal.domain.job import Job, JobStatus
from shoal.domain.page_key import page_key, position
from shoal.domain.tally import Entry, Sum, Tally
from shoal.ports import JobPage

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import QueryInputTypeDef

    from shoal.adapters.dynamodb.table import Table
    from shoal.adapters.dynamodb.tenants import OpenJobs

_BY_TENANT: Final = "tenant-created"
_BY_STATUS: Final = "tenant-status-created"


class DynamoJobStore:
    """Every write of a job is over a version; entries and sums are SET in one update each."""

    def __init__(self, jobs: Table, open_jobs: OpenJobs) -> None:
        self._jobs = jobs
        self._open = open_jobs

    def get(self, job_id: str) -> Job | None:
        row = self._jobs.get(job_id)
        return None if row is None else job_of(row)

    def get_many(self, job_ids: Iterable[str]) -> Mapping[str, Job]:
        return {job_id: job_of(row) for job_id, row in self._jobs.get_many(job_ids).items()}

    def create(self, job: Job) -> bool:
        return self._jobs.put_new(job_row(job))

    def put(self, job: Job) -> None:
        self._jobs.put_over(job_row(job), job.version - 1)

    def page(
        self, tenant: str, *, status: JobStatus | None, limit: int, start: str | None
    ) -> JobPage:
        index, attribute, value = (
            (_BY_TENANT, "tenant", tenant)
            if status is None
            else (_BY_STATUS, "tenant_status", tenant_status(tenant, status))
        )
        query: QueryInputTypeDef = {
            "TableName": self._jobs.name,
            "IndexName": index,
            "KeyConditionExpression": f"{attribute} = :key",
            "ExpressionAttributeValues": {":key": text(value)},
            "ScanIndexForward": False,
        }
        if start is not None:
            created_at, job_id = position(start)
            query["ExclusiveStartKey"] = {
                "id": text(job_id),
                attribute: text(value),
                "created_at": number(created_at),
            }
        # One more than asked for tells whether there is a next page.
        jobs = [job_of(row) for row in self._query(query, limit + 1)]
        return JobPage(jobs[:limit], page_key(jobs[limit - 1]) if len(jobs) > limit else None)

    def create_tallies(self, tallies: Iterable[Tally], *, expires_at: int) -> None:
        self._jobs.put_all_new(tally_row(tally, expires_at) for tally in tallies)

    def set_entry(self, job_id: str, tally: int, slot: int, entry: Entry) -> Tally:
        _, row = self._jobs.set_where(
            tally_id(job_id, tally),
            {str(slot): text(pack_entry(entry))},
            "attribute_not_exists(#0) OR #0 < :later",
            {":later": text(f"{sortable(entry.version)}~")},  # "~" sorts after every entry's rest
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

    def claim(
        self, job_id: str, generation: int, *, first: int, end: int, expires_at: int
    ) -> int | None:
        if first >= end:
            return None
        claimed, row = self._jobs.update(
            cursor_id(job_id, generation),
            "SET #n = if_not_exists(#n, :first) + :one, expires_at = :expires_at",
            "attribute_not_exists(#n) OR #n < :end",
            {"#n": "n"},
            {
                ":first": number(first),
                ":one": number(1),
                ":end": number(end),
                ":expires_at": number(expires_at),
            },
        )
        return int_of(row, "n") - 1 if claimed else None

    def cursor(self, job_id: str, generation: int) -> int | None:
        row = self._jobs.get(cursor_id(job_id, generation))
        return None if row is None else int_of(row, "n")

    def mark_open(self, job: Job) -> None:
        self._open.add(job)

    def unmark_open(self, job_id: str) -> None:
        self._open.remove(job_id)

    def marked_open(self) -> Iterator[str]:
        return self._open.all()

    def _query(self, query: QueryInputTypeDef, limit: int) -> list[Row]:
        rows: list[Row] = []
        while len(rows) < limit:
            query["Limit"] = limit - len(rows)
            with translated():
                answer = self._jobs.client.query(**query)
            rows += answer["Items"]
            if "LastEvaluatedKey" not in answer:
                break
            query["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
        return rows
