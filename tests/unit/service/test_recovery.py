from __future__ import annotations

import pytest

from shoal.domain.job import JobStatus
from shoal.domain.watch_line import WatchLine
from shoal.ports.workflow import Execution, ExecutionStatus
from shoal.service.recovery import CRASH_LIMIT, CRASH_WINDOW_SECONDS
from tests.unit.service.service_harness import LENGTH, TENANT, ServiceHarness

RUNNING, SUCCEEDED, FAILED, TIMED_OUT, ABORTED = ExecutionStatus


def closed(harness: ServiceHarness, status: JobStatus) -> None:
    """Run the job to its end."""
    harness.start()
    if status is JobStatus.CANCELLED:
        harness.job_control.cancel(TENANT, harness.id)
        harness.monitor()
    else:
        harness.drain(lambda _: status is JobStatus.FAILED)
    assert harness.job.status is status


def successor(harness: ServiceHarness, number: int = 2) -> Execution | None:
    return harness.workflow.describe(harness.id, harness.job.generation, number)


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
def test_a_closed_job_whose_last_execution_disagrees_gets_another(
    harness: ServiceHarness,
    job: JobStatus,
    last: ExecutionStatus,
    decision: str | None,
    *,
    agree: bool,
) -> None:
    closed(harness, job)
    harness.end(1, last, decision)
    before = harness.job

    harness.recovery.recover(harness.id)

    assert (successor(harness) is None) == agree
    assert (harness.jobs.watched == []) == agree
    assert harness.job == before


@pytest.mark.parametrize("last", [SUCCEEDED, FAILED, TIMED_OUT, ABORTED])
def test_a_live_job_whose_execution_ended_gets_another(
    harness: ServiceHarness, last: ExecutionStatus
) -> None:
    harness.start()
    harness.end(1, last)
    before = harness.job

    harness.recovery.recover(harness.id)

    assert successor(harness) == Execution(RUNNING)
    assert harness.job == before
    assert harness.jobs.watched == [harness.id]


def test_no_execution_is_started_while_one_is_running(harness: ServiceHarness) -> None:
    harness.start()

    harness.recovery.recover(harness.id)

    assert successor(harness) is None


def test_the_sweep_starts_the_execution_that_a_dying_submit_did_not(
    harness: ServiceHarness,
) -> None:
    harness.submit()
    harness.workflow.restore({"_executions": {}})

    harness.sweep.run()

    assert successor(harness, 1) == Execution(RUNNING)


def test_a_watch_list_entry_without_a_job_is_removed(harness: ServiceHarness) -> None:
    harness.jobs.watch(WatchLine("job_that_never_was", "default", 1, None))

    harness.sweep.run()

    assert harness.jobs.watched == []


def die(harness: ServiceHarness, times: int, *, apart: float = 0.0) -> None:
    for number in range(1, times + 1):
        harness.begin(number)
        harness.clock.advance(apart)
        harness.end(number, ABORTED)
        harness.recovery.recover(harness.id)


def test_three_deaths_within_the_hour_close_the_job(harness: ServiceHarness) -> None:
    harness.submit()
    die(harness, CRASH_LIMIT)

    assert harness.planning.plan(harness.id, 1, CRASH_LIMIT + 1) == []

    assert harness.job.status is JobStatus.FAILED
    assert harness.job.reason == "the workflow died 3 times within an hour: Boom"
    assert harness.monitor().decision == "failed"


def test_two_deaths_or_three_over_hours_do_not_close_the_job(harness: ServiceHarness) -> None:
    harness.submit()
    die(harness, CRASH_LIMIT - 1)
    harness.planning.plan(harness.id, 1, CRASH_LIMIT)
    assert harness.job.live

    other = ServiceHarness()
    other.submit()
    die(other, CRASH_LIMIT, apart=CRASH_WINDOW_SECONDS / 2 + 1)
    other.planning.plan(other.id, 1, CRASH_LIMIT + 1)

    assert other.job.live


def test_a_dead_letter_of_a_finished_chunk_is_settled(harness: ServiceHarness) -> None:
    harness.start()
    before = harness.jobs.snapshot()
    harness.report(harness.granted())
    harness.jobs.restore(before)

    harness.recovery.dead_letter(harness.id, 0)

    assert harness.job.status is JobStatus.COMPLETED


def test_a_dead_letter_of_an_open_chunk_is_sent_again_after_its_lease(
    harness: ServiceHarness,
) -> None:
    harness.start()
    harness.sent()
    row = harness.granted().chunk
    harness.clock.advance(20.0)

    harness.recovery.dead_letter(harness.id, 0)

    (message,) = harness.queue.take()
    assert (message.chunk, message.delay) == (0, LENGTH - 20.0)
    assert harness.row() == row


def test_a_dead_letter_of_a_paused_job_waits_for_its_resume(harness: ServiceHarness) -> None:
    harness.start()
    harness.sent()
    harness.job_control.pause(TENANT, harness.id)

    harness.recovery.dead_letter(harness.id, 0)

    assert harness.sent() == []


def test_a_dead_letter_of_a_closed_job_wakes_its_execution(harness: ServiceHarness) -> None:
    harness.start()
    harness.reconciliation.wait(harness.id, 1, "token")
    harness.drain()
    harness.workflow.restore({"_answered": {}})

    harness.recovery.dead_letter(harness.id, 0)

    assert harness.workflow.answered("token")
    assert harness.sent() == []


def test_a_broken_workflow_closes_only_its_generation(harness: ServiceHarness) -> None:
    harness.start()

    assert harness.termination.fail(harness.id, 2, "why").live
    harness.termination.fail(harness.id, 1, "why")

    assert (harness.job.status, harness.job.reason) == (JobStatus.FAILED, "why")
