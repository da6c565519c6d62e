from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from shoal.domain.errors import LimitReached, WriteConflict
from shoal.domain.limits import Limits, Tenant
from shoal.service.admission import Admission
from tests.contract.aws_services import Aws
from tests.contract.examples import a_job, fresh_id
from tests.contract.port_sets import Ports, on_aws

LIMITS = Limits()


def open_of(ports: Ports, name: str) -> tuple[int, int]:
    tenant = ports.tenants.get(name)
    return tenant.open_jobs, tenant.queued_tasks


def admitted(ports: Ports, name: str, tasks: int) -> str:
    job_id = fresh_id()
    assert ports.tenants.admit(ports.tenants.get(name).admit(tasks, LIMITS, 10.5), job_id, tasks)
    return job_id


def test_an_unknown_tenant_has_no_limits_and_no_jobs(ports: Ports) -> None:
    name = fresh_id()

    assert ports.tenants.get(name) == Tenant(name=name)


def test_an_admitted_job_is_counted_and_marked(ports: Ports) -> None:
    name = fresh_id()

    job_id = admitted(ports, name, 7)

    assert ports.tenants.get(name) == Tenant(name=name).admit(7, LIMITS, 10.5)
    assert job_id in set(ports.jobs.marked_open())


def test_a_job_that_is_admitted_again_is_counted_once(ports: Ports) -> None:
    name = fresh_id()
    job_id = admitted(ports, name, 7)

    stale = ports.tenants.admit(Tenant(name=name).admit(7, LIMITS, 0.0), job_id, 7)
    fresh = ports.tenants.admit(ports.tenants.get(name).admit(7, LIMITS, 0.0), job_id, 7)

    assert (stale, fresh) == (False, False)
    assert open_of(ports, name) == (1, 7)


def test_one_of_two_concurrent_submits_conflicts(ports: Ports) -> None:
    name = fresh_id()
    before = ports.tenants.get(name)
    admitted(ports, name, 1)

    with pytest.raises(WriteConflict):
        ports.tenants.admit(before.admit(1, LIMITS, 0.0), fresh_id(), 1)

    assert open_of(ports, name) == (1, 1)


def test_a_job_is_uncounted_once_when_it_is_unmarked(ports: Ports) -> None:
    name = fresh_id()
    job_id, _ = admitted(ports, name, 7), admitted(ports, name, 2)

    ports.jobs.unmark_open(job_id)
    ports.jobs.unmark_open(job_id)

    assert open_of(ports, name) == (1, 2)


def test_marking_counts_a_job_once_and_updates_its_tasks(ports: Ports) -> None:
    name = fresh_id()
    job = replace(a_job(tenant=name), task_count=None)

    ports.jobs.mark_open(job)
    unread = open_of(ports, name)
    ports.jobs.mark_open(replace(job, task_count=500))
    ports.jobs.mark_open(replace(job, task_count=500))

    assert (unread, open_of(ports, name)) == ((1, 1), (1, 500))
    ports.jobs.unmark_open(job.id)
    assert open_of(ports, name) == (0, 0)


def test_many_at_once_never_pass_the_limit_and_every_place_is_given(on_ministack: Aws) -> None:
    ports, name = on_aws(on_ministack), fresh_id()
    admission = Admission(ports.tenants, Limits(open_jobs=10), ports.clock)

    def submitted(job_id: str) -> bool:
        try:
            admission.admit(name, job_id, 3)
        except LimitReached:
            return False
        return True

    with ThreadPoolExecutor(16) as threads:
        came_in = list(threads.map(submitted, [fresh_id() for _ in range(40)]))

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
