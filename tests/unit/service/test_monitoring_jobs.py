from __future__ import annotations

import pytest

from shoal.domain.counts import Counts
from shoal.domain.errors import IllegalMove, JobNotFound
from shoal.domain.job import JobStatus
from shoal.service import reconciliation
from shoal.service.job_queries import JobQueries
from shoal.service.reconciliation import PassState
from tests.unit.service.shop import LENGTH, TENANT, Shop


def test_an_execution_waits_while_tasks_run_and_ends_as_the_job_does(shop: Shop) -> None:
    shop.start()

    assert shop.monitor().decision == "wait"
    shop.drain()

    assert shop.monitor().decision == "completed"


def test_failures_end_the_job_and_the_execution_alike(shop: Shop) -> None:
    shop.start(2)
    shop.drain(lambda task: task == 1)

    verdict = shop.monitor()

    assert verdict.decision == "failed"
    assert verdict.reason == shop.job.reason == "1 of 2 tasks failed"


def test_failures_within_max_failed_are_forgiven(shop: Shop) -> None:
    shop.start(2, max_failed=1)

    shop.drain(lambda task: task == 1)

    assert shop.job.status is JobStatus.COMPLETED


def test_too_many_failures_end_the_job_before_the_rest_ran(shop: Shop) -> None:
    shop.start(3, max_failed=0)
    shop.report(shop.granted(0), failed=[0])
    running = shop.granted(1)

    verdict = shop.monitor()

    assert verdict.decision == "failed"
    assert shop.job.counts == Counts(failed=1, cancelled=2)
    assert [row.statuses for row in shop.rows()] == ["F", "X", "P"]
    assert shop.report(running) == "cancelled"


def test_a_deadline_ends_what_no_worker_leased(shop: Shop) -> None:
    shop.start(2, deadline=shop.clock.now() + 100.0)
    assert shop.monitor().decision == "wait"
    shop.clock.advance(100.0)

    verdict = shop.monitor()

    assert (verdict.decision, verdict.reason) == ("failed", "its deadline passed")
    assert shop.job.counts == Counts(cancelled=2)


def test_a_pause_moves_the_deadline_by_its_length(shop: Shop) -> None:
    shop.start(2, deadline=shop.clock.now() + 100.0)
    shop.job_control.pause(TENANT, shop.id)
    shop.clock.advance(500.0)

    assert shop.monitor().decision == "wait"

    shop.job_control.resume(TENANT, shop.id)
    shop.clock.advance(99.0)
    assert shop.monitor().decision == "wait"
    shop.clock.advance(2.0)
    assert shop.monitor().decision == "failed"


def test_after_so_many_passes_a_successor_goes_on(shop: Shop) -> None:
    shop.start()

    assert shop.monitor(passes=reconciliation.HAND_OVER_PASSES - 1).decision == "wait"
    assert shop.monitor(passes=reconciliation.HAND_OVER_PASSES).decision == "hand_over"


def test_a_superseded_execution_ends_as_its_generation_did(shop: Shop) -> None:
    shop.start()
    shop.drain(lambda _: True)
    shop.job_control.retry(TENANT, shop.id)

    verdict = shop.reconciliation.reconcile(shop.id, 1, 0, PassState())

    assert verdict.decision == "failed"
    assert shop.job.status is JobStatus.PENDING


def test_a_lost_message_is_sent_again_once_it_is_old_and_then_more_seldom(shop: Shop) -> None:
    shop.start()
    shop.sent()
    seen, sent_after = PassState(), []
    for minute in range(40):
        seen = shop.monitor(seen).state
        if shop.sent():
            sent_after.append(minute)
        shop.clock.advance(LENGTH)

    first, second, *rest = sent_after
    assert first >= reconciliation.RESEND_LEASES
    assert second - first >= 2 * reconciliation.RESEND_LEASES
    assert len(rest) <= 1


def test_what_moved_or_is_leased_is_not_taken_for_lost(shop: Shop) -> None:
    shop.start()
    shop.sent()
    lease = shop.granted()
    seen = shop.monitor().state
    for _ in range(20):
        shop.clock.advance(LENGTH / 2)
        shop.beat(lease)
        seen = shop.monitor(seen).state

    assert shop.sent() == []


def test_a_tally_that_was_never_set_is_made_good(shop: Shop) -> None:
    shop.start(2)
    before = shop.jobs.snapshot()
    shop.drain()
    shop.jobs.restore(before)  # every report died after its row
    seen = shop.monitor().state

    for _ in range(3):
        seen = shop.monitor(seen).state

    assert shop.job.status is JobStatus.COMPLETED
    assert shop.job.counts == Counts(completed=2)


def test_sums_that_nobody_closed_by_are_recounted(shop: Shop) -> None:
    shop.start(2)
    shop.report(shop.granted(0))
    lease = shop.granted(1)
    open_job = shop.jobs.snapshot()["_jobs"]
    shop.report(lease)
    shop.jobs.restore({"_jobs": open_job})  # the closing report died before it closed

    assert shop.monitor().decision == "completed"


def test_the_token_is_kept_only_where_there_is_no_news(shop: Shop) -> None:
    shop.start()
    shop.reconciliation.wait(shop.id, 1, "first")
    assert not shop.workflow.answered("first")

    shop.job_control.cancel(TENANT, shop.id)
    assert shop.workflow.answered("first")
    shop.reconciliation.wait(shop.id, 1, "second")

    assert shop.workflow.answered("second")
    assert shop.job.token == "first"  # noqa: S105 - no password


def test_who_closes_wakes_the_execution(shop: Shop) -> None:
    shop.start()
    shop.reconciliation.wait(shop.id, 1, "token")

    shop.drain()

    assert shop.workflow.answered("token")


def test_a_cancel_seals_what_runs_and_leaves_what_never_ran(shop: Shop) -> None:
    shop.start(4)
    shop.report(shop.granted(0))
    running = shop.granted(1).chunk

    shop.job_control.cancel(TENANT, shop.id)
    assert shop.monitor().decision == "cancelled"

    assert [row.statuses for row in shop.rows()] == ["C", "X", "P", "P"]
    assert shop.row(1).epoch == running.epoch + 1
    assert shop.job.counts == Counts(completed=1, cancelled=3)


def test_a_report_that_died_before_its_tally_still_counts_under_a_cancel(shop: Shop) -> None:
    shop.start(2)
    lease = shop.granted(0)
    before = shop.jobs.snapshot()
    shop.report(lease)
    shop.jobs.restore(before)
    shop.job_control.cancel(TENANT, shop.id)

    shop.monitor()

    assert shop.job.counts == Counts(completed=1, cancelled=1)


def test_tasks_that_ended_before_a_cancel_took_hold_leave_it_cancelled(shop: Shop) -> None:
    shop.start()
    lease = shop.granted()
    before = shop.jobs.snapshot()["_jobs"]
    shop.report(lease)
    shop.jobs.restore({"_jobs": before})
    shop.job_control.cancel(TENANT, shop.id)

    shop.monitor()

    assert shop.job.status is JobStatus.CANCELLED
    assert shop.job.counts == Counts(completed=1)


def test_steering_asked_twice_answers_as_once(shop: Shop) -> None:
    shop.start()

    assert shop.job_control.pause(TENANT, shop.id) == shop.job_control.pause(TENANT, shop.id)
    assert shop.job_control.resume(TENANT, shop.id) == shop.job_control.resume(TENANT, shop.id)
    assert shop.job_control.cancel(TENANT, shop.id) == shop.job_control.cancel(TENANT, shop.id)
    shop.monitor()
    assert shop.job_control.cancel(TENANT, shop.id).status is JobStatus.CANCELLED


def test_a_retry_asked_twice_is_one_generation(shop: Shop) -> None:
    shop.start()
    shop.drain(lambda _: True)

    first = shop.job_control.retry(TENANT, shop.id)

    assert shop.job_control.retry(TENANT, shop.id) == first
    assert first.generation == 2


@pytest.mark.parametrize("verb", ["cancel", "pause", "resume", "retry"])
def test_another_tenant_s_job_does_not_exist(shop: Shop, verb: str) -> None:
    shop.start()
    before = shop.jobs.snapshot()

    with pytest.raises(JobNotFound):
        getattr(shop.job_control, verb)("other", shop.id)

    assert shop.jobs.snapshot() == before


@pytest.mark.parametrize("verb", ["cancel", "pause", "resume", "retry"])
def test_a_completed_job_cannot_be_steered(shop: Shop, verb: str) -> None:
    shop.start()
    shop.drain()

    with pytest.raises(IllegalMove):
        getattr(shop.job_control, verb)(TENANT, shop.id)


def test_a_refused_retry_leaves_no_job_to_watch_and_to_count(shop: Shop) -> None:
    shop.start()
    shop.drain()
    shop.jobs.unmark_open(shop.id)

    with pytest.raises(IllegalMove):
        shop.job_control.retry(TENANT, shop.id)

    assert [*shop.jobs.marked_open()] == []


def test_the_version_of_a_job_grows_through_its_end_and_its_retry(shop: Shop) -> None:
    job_queries = JobQueries(shop.jobs)
    seen = []

    def look(_: int = 0) -> bool:
        seen.append(job_queries.get(TENANT, shop.id).version)
        return True

    shop.start(6, chunk_size=2)
    look()
    shop.drain(look)
    look()
    shop.job_control.retry(TENANT, shop.id)
    look()
    shop.begin()
    look()

    assert shop.job.outcomes[1] is JobStatus.FAILED
    assert seen == sorted(seen)


def test_the_version_of_a_job_grows_though_its_tallies_moved_while_it_was_closed(
    shop: Shop,
) -> None:
    job_queries = JobQueries(shop.jobs)
    shop.start(6, chunk_size=2)
    shop.granted(0)
    running = job_queries.get(TENANT, shop.id).version

    counts = Counts(pending=6, running=0, retrying=0, completed=0, failed=0, cancelled=0)
    shop.completion.close(shop.id, 1, JobStatus.FAILED, "too late", counts=counts, moves=1)

    assert job_queries.get(TENANT, shop.id).version > running
