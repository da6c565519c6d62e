from __future__ import annotations

import pytest

from shoal.domain.job import JobStatus
from shoal.ports.workflow import Execution, ExecutionStatus
from shoal.service.recovery import DEATHS, WITHIN_SECONDS
from tests.unit.service.shop import LENGTH, TENANT, Shop

RUNNING, SUCCEEDED, FAILED, TIMED_OUT, ABORTED = ExecutionStatus


def closed(shop: Shop, status: JobStatus) -> None:
    """Bring the job to its end."""
    shop.start()
    if status is JobStatus.CANCELLED:
        shop.job_control.cancel(TENANT, shop.id)
        shop.monitor()
    else:
        shop.drain(lambda _: status is JobStatus.FAILED)
    assert shop.job.status is status


def successor(shop: Shop, number: int = 2) -> Execution | None:
    return shop.workflow.describe(shop.id, shop.job.generation, number)


@pytest.mark.parametrize(
    ("job", "last", "decision", "agree"),
    [
        (JobStatus.COMPLETED, SUCCEEDED, "completed", True),
        (JobStatus.COMPLETED, SUCCEEDED, "hand_over", False),
        (JobStatus.COMPLETED, SUCCEEDED, "cancelled", False),
        (JobStatus.COMPLETED, FAILED, None, False),
        (JobStatus.COMPLETED, ABORTED, None, False),
        (JobStatus.FAILED, FAILED, None, True),
        (JobStatus.FAILED, TIMED_OUT, None, False),
        (JobStatus.FAILED, ABORTED, None, False),
        (JobStatus.FAILED, SUCCEEDED, "completed", False),
        (JobStatus.CANCELLED, SUCCEEDED, "cancelled", True),
        (JobStatus.CANCELLED, SUCCEEDED, "completed", False),
        (JobStatus.CANCELLED, FAILED, None, False),
    ],
)
def test_a_closed_job_whose_last_execution_ended_otherwise_gets_another(
    shop: Shop, job: JobStatus, last: ExecutionStatus, decision: str | None, *, agree: bool
) -> None:
    closed(shop, job)
    shop.end(1, last, decision)
    before = shop.job

    shop.recovery.recover(shop.id)

    assert (successor(shop) is None) == agree
    assert ([*shop.jobs.marked_open()] == []) == agree
    assert shop.job == before


@pytest.mark.parametrize("last", [SUCCEEDED, FAILED, TIMED_OUT, ABORTED])
def test_a_live_job_whose_execution_ended_gets_another(shop: Shop, last: ExecutionStatus) -> None:
    shop.start()
    shop.end(1, last)
    before = shop.job

    shop.recovery.recover(shop.id)

    assert successor(shop) == Execution(RUNNING)
    assert shop.job == before
    assert [*shop.jobs.marked_open()] == [shop.id]


def test_a_running_execution_is_left_alone(shop: Shop) -> None:
    shop.start()

    shop.recovery.recover(shop.id)

    assert successor(shop) is None


def test_the_sweep_starts_what_a_dying_submit_did_not(shop: Shop) -> None:
    shop.submit()
    shop.workflow.restore({"_executions": {}})

    assert shop.recovery.sweep() == 1

    assert successor(shop, 1) == Execution(RUNNING)


def test_a_mark_without_a_job_is_cleared(shop: Shop) -> None:
    shop.jobs.mark("job_that_never_was", "default", 1)

    shop.recovery.sweep()

    assert [*shop.jobs.marked_open()] == []


def die(shop: Shop, times: int, *, apart: float = 0.0) -> None:
    for number in range(1, times + 1):
        shop.begin(number)
        shop.clock.advance(apart)
        shop.end(number, ABORTED)
        shop.recovery.recover(shop.id)


def test_three_deaths_within_the_hour_close_the_job(shop: Shop) -> None:
    shop.submit()
    die(shop, DEATHS)

    assert shop.planning.plan(shop.id, 1, DEATHS + 1) == []

    assert shop.job.status is JobStatus.FAILED
    assert shop.job.reason == "the workflow died 3 times within an hour: Boom"
    assert shop.monitor().decision == "failed"


def test_two_deaths_or_three_over_hours_do_not(shop: Shop) -> None:
    shop.submit()
    die(shop, DEATHS - 1)
    shop.planning.plan(shop.id, 1, DEATHS)
    assert shop.job.live

    other = Shop()
    other.submit()
    die(other, DEATHS, apart=WITHIN_SECONDS / 2 + 1)
    other.planning.plan(other.id, 1, DEATHS + 1)

    assert other.job.live


def test_a_dead_letter_of_a_finished_chunk_is_settled(shop: Shop) -> None:
    shop.start()
    before = shop.jobs.snapshot()
    shop.report(shop.granted())
    shop.jobs.restore(before)

    shop.recovery.dead_letter(shop.id, 0)

    assert shop.job.status is JobStatus.COMPLETED


def test_a_dead_letter_of_an_open_chunk_is_sent_again_after_its_lease(shop: Shop) -> None:
    shop.start()
    shop.sent()
    row = shop.granted().chunk
    shop.clock.advance(20.0)

    shop.recovery.dead_letter(shop.id, 0)

    (message,) = shop.queue.take()
    assert (message.chunk, message.delay) == (0, LENGTH - 20.0)
    assert shop.row() == row


def test_a_dead_letter_of_a_paused_job_waits_for_its_resume(shop: Shop) -> None:
    shop.start()
    shop.sent()
    shop.job_control.pause(TENANT, shop.id)

    shop.recovery.dead_letter(shop.id, 0)

    assert shop.sent() == []


def test_a_dead_letter_of_a_closed_job_wakes_its_execution(shop: Shop) -> None:
    shop.start()
    shop.reconciliation.wait(shop.id, 1, "token")
    shop.drain()
    shop.workflow.restore({"_answered": {}})

    shop.recovery.dead_letter(shop.id, 0)

    assert shop.workflow.answered("token")
    assert shop.sent() == []


def test_a_broken_workflow_closes_its_generation_and_no_other(shop: Shop) -> None:
    shop.start()

    assert shop.termination.fail(shop.id, 2, "why").live
    shop.termination.fail(shop.id, 1, "why")

    assert (shop.job.status, shop.job.reason) == (JobStatus.FAILED, "why")
