from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from shoal.adapters.dynamodb.registry import Registry
from shoal.domain.errors import LimitReached, WriteConflict
from shoal.domain.job import Job
from shoal.domain.limits import Limits, Tenant
from shoal.domain.watch_line import WatchLine
from shoal.service.admission import Admission
from tests.contract.aws_services import Aws
from tests.contract.examples import a_job, create_job, fresh_id
from tests.contract.port_sets import Ports, on_aws

LIMITS = Limits()


def open_of(ports: Ports, name: str) -> tuple[int, int]:
    tenant = ports.tenants.get(name)
    return tenant.open_jobs, tenant.queued_tasks


def a_sized_job(tenant: str, tasks: int | None, **fields: Any) -> Job:
    return replace(a_job(tenant=tenant), task_count=tasks, **fields)


def admitted(ports: Ports, name: str, tasks: int) -> Job:
    job = a_sized_job(name, tasks)
    assert ports.tenants.admit(ports.tenants.get(name).admit(tasks, LIMITS, 10.5), job)
    return job


def test_an_unknown_tenant_has_no_limits_and_no_jobs(ports: Ports) -> None:
    name = fresh_id()

    assert ports.tenants.get(name) == Tenant(name=name)


def test_an_admitted_job_is_stored_counted_and_watched(ports: Ports) -> None:
    name = fresh_id()

    job = admitted(ports, name, 7)

    assert ports.jobs.get(job.id) == job
    assert ports.jobs.watch_line(job.id) == WatchLine(job.id, name, 7, job.version)
    assert ports.tenants.get(name) == Tenant(name=name).admit(7, LIMITS, 10.5)


def test_a_job_that_is_admitted_again_is_counted_once(ports: Ports) -> None:
    name = fresh_id()
    job = admitted(ports, name, 7)

    stale = ports.tenants.admit(Tenant(name=name).admit(7, LIMITS, 0.0), job)
    fresh = ports.tenants.admit(ports.tenants.get(name).admit(7, LIMITS, 0.0), job)

    assert (stale, fresh) == (False, False)
    assert open_of(ports, name) == (1, 7)


def test_one_of_two_concurrent_submits_conflicts_and_stores_nothing(ports: Ports) -> None:
    name = fresh_id()
    before = ports.tenants.get(name)
    admitted(ports, name, 1)
    other = a_sized_job(name, 1)

    with pytest.raises(WriteConflict):
        ports.tenants.admit(before.admit(1, LIMITS, 0.0), other)

    assert open_of(ports, name) == (1, 1)
    assert ports.jobs.get(other.id) is None
    assert ports.jobs.watch_line(other.id) is None


def test_a_job_is_uncounted_once_when_its_line_is_removed(ports: Ports) -> None:
    name = fresh_id()
    job, _ = admitted(ports, name, 7), admitted(ports, name, 2)
    line = WatchLine.of(job)

    removed = [ports.jobs.stop_watching(line), ports.jobs.stop_watching(line)]

    assert removed == [True, False]
    assert open_of(ports, name) == (1, 2)


def test_tasks_of_a_watched_job_are_counted_without_a_new_version(ports: Ports) -> None:
    name = fresh_id()
    job = a_sized_job(name, None)
    create_job(ports, job)

    unread = open_of(ports, name)
    for _ in range(2):
        ports.jobs.count_tasks(replace(job, task_count=500, version=4))

    assert (unread, open_of(ports, name)) == ((1, 1), (1, 500))
    assert ports.jobs.watch_line(job.id) == WatchLine(job.id, name, 500, 1)


def test_tasks_of_a_job_without_a_line_are_not_counted(ports: Ports) -> None:
    name = fresh_id()
    job = admitted(ports, name, 7)
    ports.jobs.stop_watching(WatchLine.of(job))

    ports.jobs.count_tasks(replace(job, task_count=500))

    assert open_of(ports, name) == (0, 0)
    assert ports.jobs.watch_line(job.id) is None


def a_retried_job(job: Job) -> Job:
    return replace(job, generation=job.generation + 1, version=job.version + 1)


def test_a_job_that_begins_again_is_counted_again(ports: Ports) -> None:
    name = fresh_id()
    job = admitted(ports, name, 7)
    ports.jobs.stop_watching(WatchLine.of(job))

    ports.jobs.begin(a_retried_job(job))

    assert ports.jobs.get(job.id) == a_retried_job(job)
    assert ports.jobs.watch_line(job.id) == WatchLine(job.id, name, 7, 2)
    assert open_of(ports, name) == (1, 7)


def test_a_job_that_begins_again_while_it_is_watched_is_counted_once(ports: Ports) -> None:
    name = fresh_id()
    job = admitted(ports, name, 7)

    ports.jobs.begin(replace(a_retried_job(job), task_count=9))

    assert ports.jobs.watch_line(job.id) == WatchLine(job.id, name, 9, 2)
    assert open_of(ports, name) == (1, 9)


def test_a_begin_over_another_version_conflicts_and_writes_no_line(ports: Ports) -> None:
    name = fresh_id()
    job = admitted(ports, name, 7)
    ports.jobs.put(replace(job, version=2))
    ports.jobs.stop_watching(WatchLine.of(job))

    with pytest.raises(WriteConflict):
        ports.jobs.begin(a_retried_job(job))

    assert ports.jobs.watch_line(job.id) is None
    assert open_of(ports, name) == (0, 0)


@pytest.mark.parametrize("change", ["begin", "count_tasks"])
def test_a_line_that_changed_since_it_was_read_is_not_removed(ports: Ports, change: str) -> None:
    name = fresh_id()
    job = admitted(ports, name, 7)
    line = WatchLine.of(job)
    getattr(ports.jobs, change)(replace(a_retried_job(job), task_count=9))

    removed = ports.jobs.stop_watching(line)

    assert not removed
    assert ports.jobs.watch_line(job.id) is not None
    assert open_of(ports, name) == (1, 9)


def test_watch_lines_are_read_in_pages(ports: Ports) -> None:
    name = fresh_id()
    jobs = {admitted(ports, name, 1).id for _ in range(3)}

    found, start = list[str](), None
    while True:
        page = ports.jobs.watch_lines(limit=2, start=start)
        assert len(page.lines) <= 2
        found += [line.job_id for line in page.lines]
        start = page.next_key
        if start is None:
            break

    assert found == sorted(set(found))
    assert jobs <= set(found)


OLD_LINE = {"tenant": {"S": "acme"}, "tasks": {"N": "3"}}
"""A line of a version of Shoal that wrote no `n`."""


def put_old_line(aws: Aws, name: str, job_id: str) -> None:
    registry = Registry(aws.dynamodb, "registry")
    line = {**registry.key("open", job_id), **OLD_LINE, "tenant": {"S": name}}
    counts = {":one": {"N": "1"}, ":tasks": {"N": "3"}}
    aws.dynamodb.put_item(TableName="registry", Item=line)
    aws.dynamodb.update_item(
        TableName="registry",
        Key=registry.key("tenant", name),
        UpdateExpression="ADD open_jobs :one, queued_tasks :tasks",
        ExpressionAttributeValues=counts,
    )


def test_a_line_of_an_earlier_version_is_removed_once(aws: Aws) -> None:
    ports, name, job_id = on_aws(aws), fresh_id(), fresh_id()
    put_old_line(aws, name, job_id)
    line = ports.jobs.watch_line(job_id)
    assert line == WatchLine(job_id, name, 3, None)

    removed = [ports.jobs.stop_watching(line), ports.jobs.stop_watching(line)]

    assert removed == [True, False]
    assert open_of(ports, name) == (0, 0)


def test_a_retry_of_a_job_with_a_line_of_an_earlier_version_keeps_it_watched(aws: Aws) -> None:
    ports, name = on_aws(aws), fresh_id()
    job = admitted(ports, name, 3)
    ports.jobs.stop_watching(WatchLine.of(job))
    put_old_line(aws, name, job.id)
    line = ports.jobs.watch_line(job.id)
    assert line is not None

    ports.jobs.begin(a_retried_job(job))

    assert not ports.jobs.stop_watching(line)
    assert ports.jobs.watch_line(job.id) == WatchLine(job.id, name, 3, 2)
    assert open_of(ports, name) == (1, 3)


def test_a_submit_adopts_the_line_that_a_dead_submit_of_an_earlier_version_left(aws: Aws) -> None:
    ports, name = on_aws(aws), fresh_id()
    job = a_sized_job(name, 7)
    put_old_line(aws, name, job.id)

    created = create_job(ports, job)

    assert created
    assert ports.jobs.watch_line(job.id) == WatchLine(job.id, name, 7, 1)
    assert open_of(ports, name) == (1, 7)


def test_many_at_once_never_pass_the_limit_and_every_place_is_given(on_ministack: Aws) -> None:
    ports, name = on_aws(on_ministack), fresh_id()
    admission = Admission(ports.tenants, Limits(open_jobs=10), ports.clock)

    def submitted(job: Job) -> bool:
        try:
            return admission.admit(name, 3, lambda _limits: job) is not None
        except LimitReached:
            return False

    with ThreadPoolExecutor(16) as threads:
        came_in = list(threads.map(submitted, [a_sized_job(name, 3) for _ in range(40)]))

    assert came_in.count(True) == 10
    assert open_of(ports, name) == (10, 30)


def test_limits_and_open_counts_are_stored_together(ports: Ports) -> None:
    name = fresh_id()
    admitted(ports, name, 7)

    ports.tenants.put(ports.tenants.get(name).with_own({"open_jobs": 5, "submit_rate": 0.5}))

    found = ports.tenants.get(name)
    assert found.own == {"open_jobs": 5, "submit_rate": 0.5}
    assert (found.open_jobs, found.queued_tasks) == (1, 7)
    assert found.bucket == Tenant(name=name).admit(7, LIMITS, 10.5).bucket


def test_limits_written_over_another_version_conflict(ports: Ports) -> None:
    name = fresh_id()
    before = ports.tenants.get(name)
    ports.tenants.put(before.with_own({"open_jobs": 5}))

    with pytest.raises(WriteConflict):
        ports.tenants.put(before.with_own({"open_jobs": 6}))

    assert ports.tenants.get(name).own == {"open_jobs": 5}


def test_tenants_are_listed_by_name_in_pages(ports: Ports) -> None:
    mine = sorted(fresh_id() for _ in range(3))
    for name in mine:
        admitted(ports, name, 1)

    found, start = list[str](), None
    while True:
        page = ports.tenants.page(limit=2, start=start)
        assert len(page.tenants) <= 2
        found += [each.name for each in page.tenants]
        start = page.next_key
        if start is None:
            break

    assert found == sorted(set(found))
    assert [name for name in found if name in mine] == mine
