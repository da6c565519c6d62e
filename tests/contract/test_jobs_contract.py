from dataclasses import replace

import pytest

from shoal.domain.counts import Counts
from shoal.domain.errors import InvalidRequest, WriteConflict
from shoal.domain.job import JobStatus
from shoal.domain.job_filter import JobFilter
from shoal.domain.tally import Sum, Tally
from shoal.ports.jobs import JobPage
from tests.contract.examples import EXPIRES_AT, NOW, a_job, an_entry, create_job, fresh_id
from tests.contract.port_sets import Ports


def test_a_created_job_is_read_back_whole(ports: Ports) -> None:
    job = a_job()

    written = create_job(ports, job)

    assert written
    assert ports.jobs.get(job.id) == job


def test_a_second_create_writes_nothing(ports: Ports) -> None:
    job = a_job()
    create_job(ports, job)

    written = create_job(ports, replace(job, fingerprint="other"))

    assert not written
    assert ports.jobs.get(job.id) == job


def test_an_unknown_job_is_none(ports: Ports) -> None:
    assert ports.jobs.get(fresh_id()) is None


def test_many_are_read_without_those_that_do_not_exist(ports: Ports) -> None:
    jobs = [a_job() for _ in range(3)]
    for job in jobs:
        create_job(ports, job)

    found = ports.jobs.get_many([*(job.id for job in jobs), fresh_id(), jobs[0].id])

    assert found == {job.id: job for job in jobs}


def test_a_put_requires_the_previous_version(ports: Ports) -> None:
    job = a_job()
    create_job(ports, job)
    planned = job.plan(1_000, 100)

    ports.jobs.put(planned)

    assert ports.jobs.get(job.id) == planned


def test_a_put_that_lost_raises_and_writes_nothing(ports: Ports) -> None:
    job = a_job()
    create_job(ports, job)
    ports.jobs.put(job.plan(1_000, 100))

    with pytest.raises(WriteConflict):
        ports.jobs.put(job.stop(JobStatus.CANCELLED, "cancelled by its user"))

    assert ports.jobs.get(job.id) == job.plan(1_000, 100)


def test_a_put_of_a_job_that_does_not_exist_raises(ports: Ports) -> None:
    job = a_job().plan(1_000, 100)

    with pytest.raises(WriteConflict):
        ports.jobs.put(job)

    assert ports.jobs.get(job.id) is None


def test_pages_are_newest_first_and_end(ports: Ports) -> None:
    tenant = fresh_id()
    jobs = [a_job(tenant=tenant, created_at=NOW + n / 8) for n in range(5)]
    for job in jobs:
        create_job(ports, job)
    create_job(ports, a_job(tenant=fresh_id()))

    first = ports.jobs.page(tenant, JobFilter(), limit=2, start=None)
    second = ports.jobs.page(tenant, JobFilter(), limit=2, start=first.next_key)
    third = ports.jobs.page(tenant, JobFilter(), limit=2, start=second.next_key)

    assert [*first.jobs, *second.jobs, *third.jobs] == jobs[::-1]
    assert third.next_key is None


def test_a_page_that_ends_exactly_has_no_next(ports: Ports) -> None:
    tenant = fresh_id()
    create_job(ports, a_job(tenant=tenant))

    page = ports.jobs.page(tenant, JobFilter(), limit=1, start=None)

    assert len(page.jobs) == 1
    assert page.next_key is None


def test_a_page_of_one_status_follows_the_jobs_status(ports: Ports) -> None:
    tenant = fresh_id()
    jobs = [a_job(tenant=tenant, created_at=NOW + n) for n in range(3)]
    for job in jobs:
        create_job(ports, job)
    running = jobs[1].start(NOW)
    ports.jobs.put(running)

    that_run, that_wait = (
        JobFilter(statuses=frozenset({each})) for each in (JobStatus.RUNNING, JobStatus.PENDING)
    )
    page = ports.jobs.page(tenant, that_run, limit=10, start=None)
    pending = ports.jobs.page(tenant, that_wait, limit=1, start=None)
    rest = ports.jobs.page(tenant, that_wait, limit=1, start=pending.next_key)

    assert page.jobs == [running]
    assert [*pending.jobs, *rest.jobs] == [jobs[2], jobs[0]]


@pytest.mark.parametrize(
    "start",
    ["", "nonsense", "1.0/", "/job", "1.0/job", f"1e300/job_{0:026}", f"{0:013}/job_{0:025}"],
)
def test_a_page_key_that_is_none_is_refused(ports: Ports, start: str) -> None:
    with pytest.raises(InvalidRequest):
        ports.jobs.page("default", JobFilter(), limit=1, start=start)


def test_tallies_are_created_once(ports: Ports) -> None:
    job = fresh_id()
    first = Tally(job, 0, {0: an_entry(1)})
    ports.jobs.create_tallies([first], expires_at=EXPIRES_AT)

    ports.jobs.create_tallies([Tally(job, 0, {}), Tally(job, 1, {})], expires_at=EXPIRES_AT)

    assert ports.jobs.tallies(job, [1, 0, 2]) == [first, Tally(job, 1, {})]


def test_all_tallies_of_several_jobs_are_read_together(ports: Ports) -> None:
    one, two, unplanned = a_job().plan(3, 1), a_job().plan(200, 1), a_job()
    for job in (one, two):
        tallies = [Tally(job.id, number, {}) for number in range(job.tallies)]
        ports.jobs.create_tallies(tallies, expires_at=EXPIRES_AT)

    found = ports.jobs.all_tallies([one, two, unplanned])

    assert {job_id: len(tallies) for job_id, tallies in found.items()} == {
        one.id: 1,
        two.id: 4,
        unplanned.id: 0,
    }
    assert [tally.number for tally in found[two.id]] == [0, 1, 2, 3]


def test_an_entry_is_set_and_the_whole_tally_answered(ports: Ports) -> None:
    job = fresh_id()
    ports.jobs.create_tallies([Tally(job, 3, {0: an_entry(1)})], expires_at=EXPIRES_AT)

    tally = ports.jobs.set_entry(job, 3, 63, an_entry(2))

    assert tally == Tally(job, 3, {0: an_entry(1), 63: an_entry(2)})
    assert ports.jobs.tallies(job, [3]) == [tally]


@pytest.mark.parametrize(("there", "older"), [(2, 1), (10, 9), (100, 99), (123_456, 99_999)])
def test_an_older_entry_is_refused_and_the_tally_answered(
    ports: Ports, there: int, older: int
) -> None:
    job = fresh_id()
    ports.jobs.set_entry(job, 0, 0, an_entry(there))

    tally = ports.jobs.set_entry(job, 0, 0, an_entry(older, completed=0))

    assert tally == Tally(job, 0, {0: an_entry(there)})
    assert ports.jobs.tallies(job, [0]) == [tally]


@pytest.mark.parametrize(("there", "newer"), [(9, 10), (99, 100), (7, 8), (5, 5)])
def test_an_entry_that_is_not_older_replaces(ports: Ports, there: int, newer: int) -> None:
    job = fresh_id()
    ports.jobs.set_entry(job, 0, 0, an_entry(there, generation=1))
    entry = an_entry(newer, completed=7, generation=2)

    tally = ports.jobs.set_entry(job, 0, 0, entry)

    assert tally.entries == {0: entry}


def test_a_sum_is_replaced_only_by_a_greater_one(ports: Ports) -> None:
    job = fresh_id()
    before, same, later = (Sum(v, Counts(completed=n)) for v, n in [(99, 1), (99, 2), (100, 3)])

    first = ports.jobs.set_sum(job, 1, 0, before, expires_at=EXPIRES_AT)
    refused = ports.jobs.set_sum(job, 1, 0, same, expires_at=EXPIRES_AT)
    other = ports.jobs.set_sum(job, 1, 17, same, expires_at=EXPIRES_AT)
    replaced = ports.jobs.set_sum(job, 1, 0, later, expires_at=EXPIRES_AT)

    assert first == {0: before}
    assert refused == {0: before}
    assert other == {0: before, 17: same}
    assert replaced == ports.jobs.sums(job, 1) == {0: later, 17: same}


def test_each_generation_has_separate_sums(ports: Ports) -> None:
    job = fresh_id()
    ports.jobs.set_sum(job, 1, 0, Sum(5, Counts(failed=1)), expires_at=EXPIRES_AT)

    assert ports.jobs.sums(job, 2) == {}


def test_an_expired_job_does_not_exist_although_its_row_does(ports: Ports) -> None:
    job = replace(a_job(), tenant=f"expiry-{fresh_id()}")
    create_job(ports, job)

    ports.clock.time = EXPIRES_AT - 1.0
    before = ports.jobs.get(job.id), len(page_of(ports, job.tenant).jobs)
    ports.clock.time = float(EXPIRES_AT)

    assert before == (job, 1)
    assert ports.jobs.get(job.id) is None
    assert ports.jobs.get_many([job.id]) == {}
    assert page_of(ports, job.tenant).jobs == []
    assert not create_job(ports, job)


def page_of(ports: Ports, tenant: str) -> JobPage:
    return ports.jobs.page(tenant, JobFilter(), limit=5, start=None)
