"""Jobs found by filters: the results, their order, and the number of rows read."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from shoal.adapters.index_paging import MOST_ENTRIES
from shoal.adapters.rows.jobs import job_row
from shoal.domain.job import Job, JobStatus
from shoal.domain.job_filter import JobFilter, Tag
from shoal.ports.jobs import JobPage, JobStore
from tests.contract.aws_services import Aws
from tests.contract.examples import NOW, a_job, create_job, fresh_id
from tests.contract.port_sets import Ports, on_aws

MOST_ROWS = 1_000


def made(ports: Ports, tenant: str, number: int, **fields: Any) -> Job:
    job = a_job(tenant=tenant, created_at=NOW + number)
    job = replace(job, spec=replace(job.spec, **fields))
    create_job(ports, job)
    return job


def moved(jobs: JobStore, job: Job, status: JobStatus) -> Job:
    job = replace(job, status=status, version=job.version + 1)
    jobs.put(job)
    return job


def pages(jobs: JobStore, tenant: str, which: JobFilter, *, limit: int = 100) -> Iterator[JobPage]:
    start = None
    while True:
        page = jobs.page(tenant, which, limit=limit, start=start)
        yield page
        start = page.next_key
        if start is None:
            return


def found(jobs: JobStore, tenant: str, which: JobFilter, *, limit: int = 100) -> list[Job]:
    return [job for page in pages(jobs, tenant, which, limit=limit) for job in page.jobs]


def test_jobs_are_found_by_what_they_are(ports: Ports) -> None:
    tenant = fresh_id()
    cpu = made(ports, tenant, 0, task_type="cpu", name="nightly-1", tags={"team": "ml"})
    io = made(ports, tenant, 1, task_type="io", name="nightly-2", tags={"team": "ops"})
    bare = made(ports, tenant, 2, task_type="cpu", tags={"ml": "team"})

    for which, expected in [
        (JobFilter(), [bare, io, cpu]),
        (JobFilter(task_type="cpu"), [bare, cpu]),
        (JobFilter(name="nightly"), [io, cpu]),
        (JobFilter(name="nightly-2"), [io]),
        (JobFilter(name="ightly"), []),
        (JobFilter(tag=Tag("team")), [io, cpu]),
        (JobFilter(tag=Tag("team", "ml")), [cpu]),
        (JobFilter(tag=Tag("team", "")), []),
        (JobFilter(task_type="cpu", name="night", tag=Tag("team", "ml")), [cpu]),
    ]:
        assert found(ports.jobs, tenant, which) == expected, which


def test_jobs_are_found_by_when_they_were_made(ports: Ports) -> None:
    tenant = fresh_id()
    jobs = [made(ports, tenant, number) for number in range(4)]

    for which, expected in [
        (JobFilter(since=NOW + 1), jobs[:0:-1]),
        (JobFilter(until=NOW + 1), [jobs[0]]),
        (JobFilter(since=NOW + 1, until=NOW + 3), [jobs[2], jobs[1]]),
        (JobFilter(since=NOW + 3.001), []),
        (JobFilter(since=NOW + 2, until=NOW + 1), []),
        (JobFilter(since=-1.0, until=1e12), jobs[::-1]),
    ]:
        assert found(ports.jobs, tenant, which, limit=1) == expected, which


def test_several_statuses_are_one_list_in_order(ports: Ports) -> None:
    tenant = fresh_id()
    turns = (JobStatus.PENDING, JobStatus.RUNNING, JobStatus.FAILED)
    jobs = [made(ports, tenant, number // 2) for number in range(18)]
    jobs = [moved(ports.jobs, job, turns[n % 3]) for n, job in enumerate(jobs)]

    which = JobFilter(statuses=frozenset({JobStatus.PENDING, JobStatus.FAILED}))
    listed = found(ports.jobs, tenant, which, limit=2)

    assert {job.id for job in listed} == {j.id for j in jobs if j.status is not JobStatus.RUNNING}
    assert len(listed) == 12
    assert all(a.created_at >= b.created_at for a, b in pairwise(listed))


def test_jobs_of_one_moment_are_each_listed_once(ports: Ports) -> None:
    tenant = fresh_id()
    jobs = [made(ports, tenant, 0) for _ in range(9)]

    listed = found(ports.jobs, tenant, JobFilter(), limit=2)

    assert len(listed) == 9
    assert {job.id for job in listed} == {job.id for job in jobs}


def test_the_next_page_continues_where_a_page_ends(ports: Ports) -> None:
    tenant = fresh_id()
    rare = {0, 1, 550}
    for number in range(MOST_ENTRIES + 100):
        made(ports, tenant, number, name="rare" if number in rare else "")

    read = [*pages(ports.jobs, tenant, JobFilter(name="rare"))]

    assert [len(page.jobs) for page in read] == [1, 2]
    assert all(page.read <= MOST_ROWS for page in read)


def test_a_page_of_several_statuses_reads_only_its_rows_and_repeats_none(ports: Ports) -> None:
    tenant, in_the_way = fresh_id(), MOST_ENTRIES // 2 + 10
    statuses = [JobStatus.PENDING, JobStatus.FAILED]
    for number in range(in_the_way + 4):
        job = made(ports, tenant, number, name="rare" if number < 4 else "")
        moved(ports.jobs, job, statuses[number % 2 if number < 4 else 1])

    which = JobFilter(statuses=frozenset(statuses), name="rare")
    read = [*pages(ports.jobs, tenant, which)]

    assert [len(page.jobs) for page in read] == [0, 4]
    assert all(page.read <= MOST_ROWS for page in read)


def test_a_row_without_a_place_is_in_no_list(aws: Aws) -> None:
    ports, tenant = on_aws(aws), fresh_id()
    store = ports.jobs
    job = made(ports, tenant, 0)
    row = {name: value for name, value in job_row(job).items() if name != "place"}
    aws.dynamodb.put_item(TableName="jobs", Item=row)

    assert found(store, tenant, JobFilter()) == []
    assert found(store, tenant, JobFilter(statuses=frozenset({JobStatus.PENDING}))) == []
    assert store.get(job.id) == job


@pytest.mark.parametrize(
    "which",
    [
        JobFilter(),
        JobFilter(name="rare"),
        JobFilter(statuses=frozenset({JobStatus.PENDING, JobStatus.RUNNING}), task_type="rare"),
    ],
)
def test_a_query_reads_the_rows_of_one_page(aws: Aws, which: JobFilter) -> None:
    ports, tenant = on_aws(aws), fresh_id()
    store = ports.jobs
    for number in range(150):
        made(ports, tenant, number, name="rare" if number % 60 == 0 else "")

    with counted(aws) as rows:
        page = store.page(tenant, which, limit=20, start=None)

    assert sum(rows) == page.read <= 150 + 20


@contextmanager
def counted(aws: Aws) -> Iterator[list[int]]:
    """The rows of each answer from here on: those looked at by queries, and those fetched."""
    rows: list[int] = []

    def note(parsed: Mapping[str, Any], **_: Any) -> None:
        fetched = parsed.get("Responses", {}).values()
        rows.append(parsed.get("ScannedCount", 0) + sum(map(len, fetched)))

    events = aws.dynamodb.meta.events
    events.register("after-call.dynamodb", note)
    try:
        yield rows
    finally:
        events.unregister("after-call.dynamodb", note)
