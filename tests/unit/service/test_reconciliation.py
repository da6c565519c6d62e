from __future__ import annotations

import pytest

from shoal.domain.counts import Counts
from shoal.domain.errors import IllegalMove, JobNotFound
from shoal.domain.job import JobStatus
from shoal.service import reconciliation
from shoal.service.job_queries import JobQueries
from shoal.service.reconciliation import PassState
from tests.unit.service.service_harness import LENGTH, TENANT, ServiceHarness


def test_an_execution_waits_while_tasks_run_and_ends_as_the_job_does(
    harness: ServiceHarness,
) -> None:
    harness.start()

    assert harness.monitor().decision == "wait"
    harness.drain()

    assert harness.monitor().decision == "completed"


def test_failures_end_the_job_and_its_execution_with_the_same_status(
    harness: ServiceHarness,
) -> None:
    harness.start(2)
    harness.drain(lambda task: task == 1)

    verdict = harness.monitor()

    assert verdict.decision == "failed"
    assert verdict.reason == harness.job.reason == "1 of 2 tasks failed"


def test_failures_within_max_failed_complete_the_job(harness: ServiceHarness) -> None:
    harness.start(2, max_failed=1)

    harness.drain(lambda task: task == 1)

    assert harness.job.status is JobStatus.COMPLETED


def test_too_many_failures_end_the_job_before_all_tasks_ran(harness: ServiceHarness) -> None:
    harness.start(3, max_failed=0)
    harness.report(harness.granted(0), failed=[0])
    running = harness.granted(1)

    verdict = harness.monitor()

    assert verdict.decision == "failed"
    assert harness.job.counts == Counts(failed=1, cancelled=2)
    assert [row.statuses for row in harness.rows()] == ["F", "X", "P"]
    assert harness.report(running) == "cancelled"


def test_a_deadline_ends_a_job_that_no_worker_leased(harness: ServiceHarness) -> None:
    harness.start(2, deadline=harness.clock.now() + 100.0)
    assert harness.monitor().decision == "wait"
    harness.clock.advance(100.0)

    verdict = harness.monitor()

    assert (verdict.decision, verdict.reason) == ("failed", "its deadline passed")
    assert harness.job.counts == Counts(cancelled=2)


def test_a_pause_moves_the_deadline_by_its_length(harness: ServiceHarness) -> None:
    harness.start(2, deadline=harness.clock.now() + 100.0)
    harness.job_control.pause(TENANT, harness.id)
    harness.clock.advance(500.0)

    assert harness.monitor().decision == "wait"

    harness.job_control.resume(TENANT, harness.id)
    harness.clock.advance(99.0)
    assert harness.monitor().decision == "wait"
    harness.clock.advance(2.0)
    assert harness.monitor().decision == "failed"


def test_an_execution_hands_over_after_its_maximum_of_passes(harness: ServiceHarness) -> None:
    harness.start()

    assert harness.monitor(passes=reconciliation.HAND_OVER_PASSES - 1).decision == "wait"
    assert harness.monitor(passes=reconciliation.HAND_OVER_PASSES).decision == "hand_over"


def test_a_superseded_execution_ends_as_its_generation_did(harness: ServiceHarness) -> None:
    harness.start()
    harness.drain(lambda _: True)
    harness.job_control.retry(TENANT, harness.id)

    verdict = harness.reconciliation.reconcile(harness.id, 1, 0, PassState())

    assert verdict.decision == "failed"
    assert harness.job.status is JobStatus.PENDING


def test_a_lost_message_is_resent_with_increasing_intervals(
    harness: ServiceHarness,
) -> None:
    harness.start()
    harness.sent()
    seen, sent_after = PassState(), []
    for minute in range(40):
        seen = harness.monitor(seen).state
        if harness.sent():
            sent_after.append(minute)
        harness.clock.advance(LENGTH)

    first, second, *rest = sent_after
    assert first >= reconciliation.RESEND_LEASES
    assert second - first >= 2 * reconciliation.RESEND_LEASES
    assert len(rest) <= 1


def test_a_changed_or_leased_chunk_does_not_count_as_lost(harness: ServiceHarness) -> None:
    harness.start()
    harness.sent()
    lease = harness.granted()
    seen = harness.monitor().state
    for _ in range(20):
        harness.clock.advance(LENGTH / 2)
        harness.heartbeat(lease)
        seen = harness.monitor(seen).state

    assert harness.sent() == []


def test_a_missing_tally_is_rebuilt(harness: ServiceHarness) -> None:
    harness.start(2)
    before = harness.jobs.snapshot()
    harness.drain()
    harness.jobs.restore(before)  # every report died after its row
    seen = harness.monitor().state

    for _ in range(3):
        seen = harness.monitor(seen).state

    assert harness.job.status is JobStatus.COMPLETED
    assert harness.job.counts == Counts(completed=2)


def test_complete_sums_of_an_open_job_are_recounted(harness: ServiceHarness) -> None:
    harness.start(2)
    harness.report(harness.granted(0))
    lease = harness.granted(1)
    open_job = harness.jobs.snapshot()["_jobs"]
    harness.report(lease)
    harness.jobs.restore({"_jobs": open_job})  # the closing report died before it closed

    assert harness.monitor().decision == "completed"


def test_the_token_is_stored_only_if_the_job_has_not_changed(harness: ServiceHarness) -> None:
    harness.start()
    harness.reconciliation.wait(harness.id, 1, "first")
    assert not harness.workflow.answered("first")

    harness.job_control.cancel(TENANT, harness.id)
    assert harness.workflow.answered("first")
    harness.reconciliation.wait(harness.id, 1, "second")

    assert harness.workflow.answered("second")
    assert harness.job.token == "first"  # noqa: S105 - no password


def test_the_close_wakes_the_execution(harness: ServiceHarness) -> None:
    harness.start()
    harness.reconciliation.wait(harness.id, 1, "token")

    harness.drain()

    assert harness.workflow.answered("token")


def test_a_cancel_seals_running_chunks_and_keeps_waiting_ones(harness: ServiceHarness) -> None:
    harness.start(4)
    harness.report(harness.granted(0))
    running = harness.granted(1).chunk

    harness.job_control.cancel(TENANT, harness.id)
    assert harness.monitor().decision == "cancelled"

    assert [row.statuses for row in harness.rows()] == ["C", "X", "P", "P"]
    assert harness.row(1).epoch == running.epoch + 1
    assert harness.job.counts == Counts(completed=1, cancelled=3)


def test_a_report_that_died_before_its_tally_still_counts_under_a_cancel(
    harness: ServiceHarness,
) -> None:
    harness.start(2)
    lease = harness.granted(0)
    before = harness.jobs.snapshot()
    harness.report(lease)
    harness.jobs.restore(before)
    harness.job_control.cancel(TENANT, harness.id)

    harness.monitor()

    assert harness.job.counts == Counts(completed=1, cancelled=1)


def test_a_job_whose_tasks_end_during_a_cancel_is_cancelled(
    harness: ServiceHarness,
) -> None:
    harness.start()
    lease = harness.granted()
    before = harness.jobs.snapshot()["_jobs"]
    harness.report(lease)
    harness.jobs.restore({"_jobs": before})
    harness.job_control.cancel(TENANT, harness.id)

    harness.monitor()

    assert harness.job.status is JobStatus.CANCELLED
    assert harness.job.counts == Counts(completed=1)


def test_repeated_verbs_return_the_same_job(harness: ServiceHarness) -> None:
    harness.start()

    assert harness.job_control.pause(TENANT, harness.id) == harness.job_control.pause(
        TENANT, harness.id
    )
    assert harness.job_control.resume(TENANT, harness.id) == harness.job_control.resume(
        TENANT, harness.id
    )
    assert harness.job_control.cancel(TENANT, harness.id) == harness.job_control.cancel(
        TENANT, harness.id
    )
    harness.monitor()
    assert harness.job_control.cancel(TENANT, harness.id).status is JobStatus.CANCELLED


def test_a_repeated_retry_starts_one_generation(harness: ServiceHarness) -> None:
    harness.start()
    harness.drain(lambda _: True)

    first = harness.job_control.retry(TENANT, harness.id)

    assert harness.job_control.retry(TENANT, harness.id) == first
    assert first.generation == 2


@pytest.mark.parametrize("verb", ["cancel", "pause", "resume", "retry"])
def test_jobs_of_another_tenant_do_not_exist(harness: ServiceHarness, verb: str) -> None:
    harness.start()
    before = harness.jobs.snapshot()

    with pytest.raises(JobNotFound):
        getattr(harness.job_control, verb)("other", harness.id)

    assert harness.jobs.snapshot() == before


@pytest.mark.parametrize("verb", ["cancel", "pause", "resume", "retry"])
def test_a_completed_job_refuses_each_verb(harness: ServiceHarness, verb: str) -> None:
    harness.start()
    harness.drain()

    with pytest.raises(IllegalMove):
        getattr(harness.job_control, verb)(TENANT, harness.id)


def test_a_refused_retry_does_not_add_the_job_to_the_watch_list(harness: ServiceHarness) -> None:
    harness.start()
    harness.drain()
    line = harness.jobs.watch_line(harness.id)
    assert line is not None
    harness.jobs.stop_watching(line)

    with pytest.raises(IllegalMove):
        harness.job_control.retry(TENANT, harness.id)

    assert harness.jobs.watched == []


def test_the_version_of_a_job_grows_through_its_end_and_its_retry(harness: ServiceHarness) -> None:
    job_queries = JobQueries(harness.jobs)
    seen = []

    def look(_: int = 0) -> bool:
        seen.append(job_queries.get(TENANT, harness.id).version)
        return True

    harness.start(6, chunk_size=2)
    look()
    harness.drain(look)
    look()
    harness.job_control.retry(TENANT, harness.id)
    look()
    harness.begin()
    look()

    assert harness.job.outcomes[1] is JobStatus.FAILED
    assert seen == sorted(seen)


def test_the_version_of_a_job_grows_when_its_tallies_change_during_the_close(
    harness: ServiceHarness,
) -> None:
    job_queries = JobQueries(harness.jobs)
    harness.start(6, chunk_size=2)
    harness.granted(0)
    running = job_queries.get(TENANT, harness.id).version

    counts = Counts(pending=6, running=0, retrying=0, completed=0, failed=0, cancelled=0)
    harness.completion.close(harness.id, 1, JobStatus.FAILED, "too late", counts=counts, moves=1)

    assert job_queries.get(TENANT, harness.id).version > running
