from __future__ import annotations

import pytest

from shoal.domain.counts import Counts
from shoal.domain.job import JobStatus
from shoal.domain.outcome import WORKER_DIED, Outcome, OutcomeReport, PartKey, TaskError
from shoal.domain.retry import RetryPolicy
from shoal.service.leasing import LeaseGranted, LeaseRefused
from tests.unit.service.shop import LENGTH, TENANT, Shop

CANCELLED = LeaseRefused("cancelled")


def test_a_grant_starts_the_job(shop: Shop) -> None:
    shop.start(2, chunk_size=2)

    lease = shop.granted()

    assert (lease.chunk.statuses, lease.chunk.attempts, lease.chunk.epoch) == ("RR", (1, 1), 1)
    assert shop.row() == lease.chunk
    assert shop.job.status is JobStatus.RUNNING


def test_the_same_request_gets_the_same_grant(shop: Shop) -> None:
    shop.start()
    first = shop.lease(request="r")

    again = shop.lease(request="r")

    assert isinstance(first, LeaseGranted)
    assert isinstance(again, LeaseGranted)
    assert again.chunk == first.chunk


def test_another_request_is_held_until_the_lease_ends(shop: Shop) -> None:
    shop.start()
    shop.granted()
    shop.clock.advance(20.0)

    assert shop.lease() == LeaseRefused("held", LENGTH - 20.0)


def test_a_finished_chunk_is_done_and_settles_what_a_dead_report_left(shop: Shop) -> None:
    shop.start()
    lease = shop.granted()
    entries = shop.jobs.snapshot()
    shop.report(lease)
    shop.jobs.restore(entries)  # the report died after its row

    assert shop.lease() == LeaseRefused("done")
    assert shop.job.status is JobStatus.COMPLETED


def test_a_paused_job_leases_nothing_and_a_resumed_one_sends_again(shop: Shop) -> None:
    shop.start(2)
    shop.sent()
    shop.clock.advance(10.0)
    shop.job_control.pause(TENANT, shop.id)
    seen = shop.monitor().state

    assert shop.lease() == LeaseRefused("paused")
    shop.clock.advance(10.0)
    shop.job_control.resume(TENANT, shop.id)
    shop.monitor(seen)

    assert shop.sent() == [0, 1]
    assert isinstance(shop.lease(), LeaseGranted)


def test_a_lease_that_lives_is_not_sent_again_after_a_resume(shop: Shop) -> None:
    shop.start(2)
    shop.sent()
    shop.granted(0)
    shop.job_control.pause(TENANT, shop.id)
    shop.job_control.resume(TENANT, shop.id)

    shop.monitor()

    assert shop.sent() == [1]


def test_a_cancelled_job_is_refused_and_its_grant_stays_as_it_was_written(shop: Shop) -> None:
    shop.start()
    row = shop.granted().chunk
    shop.job_control.cancel(TENANT, shop.id)

    assert shop.lease() == CANCELLED
    assert shop.row() == row


@pytest.mark.parametrize("number", [1, 99])
def test_what_does_not_exist_is_cancelled(shop: Shop, number: int) -> None:
    shop.start()

    assert shop.lease(number) == CANCELLED


def test_a_row_not_yet_reset_is_held(shop: Shop) -> None:
    shop.start()
    shop.drain(lambda _: True)
    shop.job_control.retry(TENANT, shop.id)

    answer = shop.lease()

    assert isinstance(answer, LeaseRefused)
    assert answer.decision == "held"


def test_the_third_crash_fails_one_task_and_grants_the_rest(shop: Shop) -> None:
    shop.start(3, chunk_size=3)
    isolated = []
    for _ in range(3):
        isolated.append(shop.granted().chunk.isolated)
        shop.clock.advance(LENGTH)

    lease = shop.granted()

    assert isolated == [False, False, True]
    assert lease.chunk.statuses == "FRR"
    assert lease.chunk.attempts == (1, 1, 1)
    key = lease.chunk.part_of(0)
    assert key is not None
    (outcome,) = shop.chunks.parts([key])[key]
    assert outcome.error is not None
    assert outcome.error.type == WORKER_DIED
    shop.report(lease)
    assert shop.job.counts == Counts(completed=2, failed=1) == shop.counted()
    assert shop.metrics.failed == {"noop": 1}


def test_the_third_crash_of_a_single_task_ends_the_job(shop: Shop) -> None:
    shop.start()
    for _ in range(3):
        shop.granted()
        shop.clock.advance(LENGTH)

    assert shop.lease() == LeaseRefused("done")
    assert shop.job.status is JobStatus.FAILED


def test_a_report_between_crashes_forgives_them(shop: Shop) -> None:
    shop.start(3, chunk_size=3)
    for _ in range(2):
        shop.granted()
        shop.clock.advance(LENGTH)
    shop.report(shop.granted(), only=[0], final=False)
    shop.clock.advance(LENGTH)

    assert shop.granted().chunk.statuses == "CRR"
    assert shop.row().crashes == 1


def test_a_handed_back_task_keeps_its_attempt(shop: Shop) -> None:
    shop.start(2, chunk_size=2)
    shop.sent()

    assert shop.report(shop.granted(), only=[0]) == "accepted"

    assert (shop.row().statuses, shop.row().attempts) == ("CP", (1, 0))
    assert shop.sent() == [0]
    assert shop.granted().chunk.attempts == (1, 1)


def test_a_retryable_failure_waits_and_is_sent_with_its_delay(shop: Shop) -> None:
    shop.start(retry=RetryPolicy(max_attempts=2, backoff=10.0))
    shop.sent()

    shop.report(shop.granted(), failed=[0])

    row = shop.row()
    assert row.statuses == "T"
    (message,) = shop.queue.take()
    assert message.delay == pytest.approx(row.not_before - shop.clock.now())
    assert shop.lease() == LeaseRefused("held", message.delay)
    shop.clock.advance(10.0)
    shop.report(shop.granted(), failed=[0])
    assert shop.job.counts == Counts(failed=1)


def test_a_failure_may_say_when_it_is_tried_again(shop: Shop) -> None:
    shop.start(retry=RetryPolicy(max_attempts=2, backoff=10.0))
    lease = shop.granted()
    error = TaskError("RetryAfter", "busy", retryable=True, retry_after=90.0)
    outcome = Outcome(0, 1, started_at=shop.clock.now(), duration=1.0, error=error)

    shop.leasing.report(
        "w",
        [OutcomeReport(PartKey(shop.id, 0, lease.chunk.epoch, 1), final=True, outcomes=[outcome])],
    )

    assert shop.row().not_before == shop.clock.now() + 90.0


def test_a_repeated_report_changes_nothing_and_sends_again(shop: Shop) -> None:
    shop.start(2, chunk_size=2)
    lease = shop.granted()
    shop.sent()
    shop.report(lease, only=[0])
    row = shop.row()
    shop.sent()

    assert shop.report(lease, only=[0]) == "accepted"

    assert shop.row() == row
    assert shop.sent() == [0]
    assert shop.metrics.completed == {"noop": 1}


def test_a_stale_report_changes_nothing(shop: Shop) -> None:
    shop.start(2)
    late = shop.granted()
    shop.clock.advance(LENGTH)
    lease = shop.granted()

    assert shop.report(late, failed=[0]) == "stale"
    assert shop.row() == lease.chunk
    assert shop.metrics.other == {"stale_reports": 1}
    assert shop.report(lease) == "accepted"
    assert shop.report(late, failed=[0]) == "stale"
    assert shop.row().statuses == "C"


def test_reports_and_heartbeats_under_a_cancel_are_cancelled(shop: Shop) -> None:
    shop.start()
    lease = shop.granted()
    shop.job_control.cancel(TENANT, shop.id)

    assert shop.report(lease) == "cancelled"
    assert shop.beat(lease).decision == "cancelled"
    assert shop.row() == lease.chunk


def test_heartbeats_extend_the_lease_and_tell_of_a_pause(shop: Shop) -> None:
    shop.start()
    lease = shop.granted()
    shop.clock.advance(50.0)
    shop.job_control.pause(TENANT, shop.id)

    beat = shop.beat(lease)

    until = shop.clock.now() + LENGTH
    assert (beat.decision, beat.until, beat.directive) == ("extended", until, "pause")
    renewed = shop.row().lease
    assert renewed is not None
    assert renewed.until == until


def test_who_lost_a_lease_hears_so_by_heartbeat(shop: Shop) -> None:
    shop.start()
    lease = shop.granted()
    shop.clock.advance(LENGTH)
    shop.granted()

    assert shop.beat(lease).decision == "stale"


def test_a_worker_that_finds_a_job_closed_wakes_its_execution(shop: Shop) -> None:
    shop.start()
    shop.reconciliation.wait(shop.id, 1, "token")
    shop.termination.fail(shop.id, 1, "why")
    shop.workflow.restore({"_answered": {}})

    shop.lease()

    assert shop.workflow.answered("token")


@pytest.mark.parametrize("window", [1, 2, 5])
def test_a_window_is_never_exceeded_and_the_job_finishes(shop: Shop, window: int) -> None:
    shop.start(20, chunk_size=2, max_parallelism=window)

    most = shop.drain()

    assert most == window
    assert shop.job.status is JobStatus.COMPLETED
    assert shop.job.counts == Counts(completed=20) == shop.counted()


def test_a_window_wider_than_the_job_sends_each_chunk_once(shop: Shop) -> None:
    shop.start(3, max_parallelism=10)

    assert shop.drain() == 3
    assert shop.job.status is JobStatus.COMPLETED
