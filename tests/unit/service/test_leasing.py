from __future__ import annotations

import pytest

from shoal.domain.chunk import Chunk
from shoal.domain.counts import Counts
from shoal.domain.job import JobStatus
from shoal.domain.outcome import WORKER_DIED, Outcome, OutcomeReport, PartKey, TaskError
from shoal.domain.retry import RetryPolicy
from shoal.service.lease_answers import LeaseGranted, LeaseRefused
from shoal.service.reconciliation import CLOCK_SKEW
from tests.unit.service.service_harness import LENGTH, TENANT, ServiceHarness

CANCELLED = LeaseRefused("cancelled")


def test_a_grant_starts_the_job(harness: ServiceHarness) -> None:
    harness.start(2, chunk_size=2)

    lease = harness.granted()

    assert (lease.chunk.statuses, lease.chunk.attempts, lease.chunk.epoch) == ("RR", (1, 1), 1)
    assert harness.row() == lease.chunk
    assert harness.job.status is JobStatus.RUNNING


def test_the_same_request_gets_the_same_grant(harness: ServiceHarness) -> None:
    harness.start()
    first = harness.lease(request="r")

    again = harness.lease(request="r")

    assert isinstance(first, LeaseGranted)
    assert isinstance(again, LeaseGranted)
    assert again.chunk == first.chunk


def test_another_request_is_held_until_the_lease_ends(harness: ServiceHarness) -> None:
    harness.start()
    harness.granted()
    harness.clock.advance(20.0)

    assert harness.lease() == LeaseRefused("held", LENGTH - 20.0)


def test_a_lease_of_a_finished_chunk_completes_the_steps_of_a_dead_report(
    harness: ServiceHarness,
) -> None:
    harness.start()
    lease = harness.granted()
    entries = harness.jobs.snapshot()
    harness.report(lease)
    harness.jobs.restore(entries)  # the report died after its row

    assert harness.lease() == LeaseRefused("done")
    assert harness.job.status is JobStatus.COMPLETED


def test_a_paused_job_grants_no_lease_and_a_resume_resends_its_chunks(
    harness: ServiceHarness,
) -> None:
    harness.start(2)
    harness.sent()
    harness.clock.advance(10.0)
    harness.job_control.pause(TENANT, harness.id)
    seen = harness.monitor().state

    assert harness.lease() == LeaseRefused("paused")
    harness.clock.advance(10.0)
    harness.job_control.resume(TENANT, harness.id)
    harness.monitor(seen)

    assert harness.sent() == [0, 1]
    assert isinstance(harness.lease(), LeaseGranted)


def test_a_cancel_between_a_grant_and_its_answer_denies_the_lease(
    harness: ServiceHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness.start()
    put = harness.chunks.put

    def put_and_cancel(chunk: Chunk) -> None:
        put(chunk)
        harness.job_control.cancel(TENANT, harness.id)

    monkeypatch.setattr(harness.chunks, "put", put_and_cancel)

    assert harness.lease() == LeaseRefused("cancelled")


def test_a_paused_job_resends_nothing(harness: ServiceHarness) -> None:
    harness.start(2)
    harness.sent()
    harness.job_control.pause(TENANT, harness.id)
    seen = harness.monitor().state
    harness.clock.advance(100 * LENGTH)

    harness.monitor(seen)

    assert harness.sent() == []


def test_a_resume_resends_even_when_no_message_is_due_for_its_age(harness: ServiceHarness) -> None:
    harness.start(2)
    harness.sent()
    harness.job_control.pause(TENANT, harness.id)
    seen = harness.monitor().state._replace(quiet=2)  # the third quiet pass resends nothing
    harness.job_control.resume(TENANT, harness.id)

    harness.monitor(seen)

    assert harness.sent() == [0, 1]


def test_a_resume_resends_messages_that_were_sent_within_the_clock_skew(
    harness: ServiceHarness,
) -> None:
    harness.submit(2)
    harness.job_control.pause(TENANT, harness.id)
    harness.job_control.resume(TENANT, harness.id)
    harness.clock.advance(CLOCK_SKEW / 2)

    harness.begin()  # its messages are sent after the resume, and its first pass sends them again

    assert harness.sent() == [0, 1, 0, 1]


def test_a_leased_chunk_is_not_resent_after_a_resume(harness: ServiceHarness) -> None:
    harness.start(2)
    harness.sent()
    harness.granted(0)
    harness.job_control.pause(TENANT, harness.id)
    harness.job_control.resume(TENANT, harness.id)

    harness.monitor()

    assert harness.sent() == [1]


def test_a_lease_of_a_cancelled_job_is_refused_and_its_row_is_unchanged(
    harness: ServiceHarness,
) -> None:
    harness.start()
    row = harness.granted().chunk
    harness.job_control.cancel(TENANT, harness.id)

    assert harness.lease() == CANCELLED
    assert harness.row() == row


@pytest.mark.parametrize("number", [1, 99])
def test_a_lease_of_an_unknown_chunk_is_cancelled(harness: ServiceHarness, number: int) -> None:
    harness.start()

    assert harness.lease(number) == CANCELLED


def test_a_row_not_yet_reset_is_held(harness: ServiceHarness) -> None:
    harness.start()
    harness.drain(lambda _: True)
    harness.job_control.retry(TENANT, harness.id)

    answer = harness.lease()

    assert isinstance(answer, LeaseRefused)
    assert answer.decision == "held"


def test_the_third_crash_fails_one_task_and_grants_the_others(harness: ServiceHarness) -> None:
    harness.start(3, chunk_size=3)
    isolated = [harness.crash(task=0).chunk.isolated for _ in range(3)]

    lease = harness.granted()

    assert isolated == [False, True, True]
    assert lease.chunk.statuses == "FRR"
    assert lease.chunk.attempts == (1, 1, 1)
    key = lease.chunk.part_of(0)
    assert key is not None
    (outcome,) = harness.chunks.parts([key])[key]
    assert outcome.error is not None
    assert outcome.error.type == WORKER_DIED
    harness.report(lease)
    assert harness.job.counts == Counts(completed=2, failed=1) == harness.counted()
    assert harness.metrics.failed == {"noop": 1}


def test_the_third_crash_of_a_single_task_ends_the_job(harness: ServiceHarness) -> None:
    harness.start()
    for _ in range(3):
        harness.crash(task=0)

    assert harness.lease() == LeaseRefused("done")
    assert harness.job.status is JobStatus.FAILED


def test_an_accepted_report_resets_the_crash_count(harness: ServiceHarness) -> None:
    harness.start(3, chunk_size=3)
    for _ in range(2):
        harness.crash(task=1)
    harness.report(harness.granted(), only=[0], final=False)
    harness.clock.advance(LENGTH)

    assert harness.granted().chunk.statuses == "CRR"
    assert (harness.row().crashed, harness.row().crashes) == (None, 1)


def test_a_handed_back_task_keeps_its_attempt(harness: ServiceHarness) -> None:
    harness.start(2, chunk_size=2)
    harness.sent()

    assert harness.report(harness.granted(), only=[0]) == "accepted"

    assert (harness.row().statuses, harness.row().attempts) == ("CP", (1, 0))
    assert harness.sent() == [0]
    assert harness.granted().chunk.attempts == (1, 1)


def test_a_retryable_failure_waits_and_is_sent_with_its_delay(harness: ServiceHarness) -> None:
    harness.start(retry=RetryPolicy(max_attempts=2, backoff=10.0))
    harness.sent()

    harness.report(harness.granted(), failed=[0])

    row = harness.row()
    assert row.statuses == "T"
    (message,) = harness.queue.take()
    assert message.delay == pytest.approx(row.not_before - harness.clock.now())
    assert harness.lease() == LeaseRefused("held", message.delay)
    harness.clock.advance(10.0)
    harness.report(harness.granted(), failed=[0])
    assert harness.job.counts == Counts(failed=1)


def test_a_failure_can_set_the_time_of_its_retry(harness: ServiceHarness) -> None:
    harness.start(retry=RetryPolicy(max_attempts=2, backoff=10.0))
    lease = harness.granted()
    error = TaskError("RetryAfter", "busy", retryable=True, retry_after=90.0)
    outcome = Outcome(0, 1, started_at=harness.clock.now(), duration=1.0, error=error)

    harness.leasing.report(
        "w",
        [
            OutcomeReport(
                PartKey(harness.id, 0, lease.chunk.epoch, 1), final=True, outcomes=[outcome]
            )
        ],
    )

    assert harness.row().not_before == harness.clock.now() + 90.0


def test_a_repeated_report_changes_nothing_and_resends_the_chunk(harness: ServiceHarness) -> None:
    harness.start(2, chunk_size=2)
    lease = harness.granted()
    harness.sent()
    harness.report(lease, only=[0])
    row = harness.row()
    harness.sent()

    assert harness.report(lease, only=[0]) == "accepted"

    assert harness.row() == row
    assert harness.sent() == [0]
    assert harness.metrics.completed == {"noop": 1}


def test_a_stale_report_changes_nothing(harness: ServiceHarness) -> None:
    harness.start(2)
    late = harness.granted()
    harness.clock.advance(LENGTH)
    lease = harness.granted()

    assert harness.report(late, failed=[0]) == "stale"
    assert harness.row() == lease.chunk
    assert harness.metrics.other == {"stale_reports": 1}
    assert harness.report(lease) == "accepted"
    assert harness.report(late, failed=[0]) == "stale"
    assert harness.row().statuses == "C"


def test_reports_and_heartbeats_under_a_cancel_are_cancelled(harness: ServiceHarness) -> None:
    harness.start()
    lease = harness.granted()
    harness.job_control.cancel(TENANT, harness.id)

    assert harness.report(lease) == "cancelled"
    assert harness.heartbeat(lease).decision == "cancelled"
    assert harness.row() == lease.chunk


def test_heartbeats_extend_the_lease_and_return_the_pause_directive(
    harness: ServiceHarness,
) -> None:
    harness.start()
    lease = harness.granted()
    harness.clock.advance(50.0)
    harness.job_control.pause(TENANT, harness.id)

    beat = harness.heartbeat(lease)

    until = harness.clock.now() + LENGTH
    assert (beat.decision, beat.until, beat.directive) == ("extended", until, "pause")
    renewed = harness.row().lease
    assert renewed is not None
    assert renewed.until == until


def test_a_heartbeat_for_a_lost_lease_is_stale(harness: ServiceHarness) -> None:
    harness.start()
    lease = harness.granted()
    harness.clock.advance(LENGTH)
    harness.granted()

    assert harness.heartbeat(lease).decision == "stale"


def test_a_worker_that_finds_a_job_closed_wakes_its_execution(harness: ServiceHarness) -> None:
    harness.start()
    harness.reconciliation.wait(harness.id, 1, "token")
    harness.termination.fail(harness.id, 1, "why")
    harness.workflow.restore({"_answered": {}})

    harness.lease()

    assert harness.workflow.answered("token")


@pytest.mark.parametrize("window", [1, 2, 5])
def test_a_window_is_never_exceeded_and_the_job_finishes(
    harness: ServiceHarness, window: int
) -> None:
    harness.start(20, chunk_size=2, max_parallelism=window)

    most = harness.drain()

    assert most == window
    assert harness.job.status is JobStatus.COMPLETED
    assert harness.job.counts == Counts(completed=20) == harness.counted()


def test_a_window_wider_than_the_job_sends_each_chunk_once(harness: ServiceHarness) -> None:
    harness.start(3, max_parallelism=10)

    assert harness.drain() == 3
    assert harness.job.status is JobStatus.COMPLETED
