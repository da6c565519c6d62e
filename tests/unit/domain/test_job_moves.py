from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import product

import pytest

from shoal.domain.counts import Counts
from shoal.domain.errors import IllegalMove
from shoal.domain.job import LIVE, MOVES, Job, JobStatus, Repeat, Spec

PENDING, ENQUEUED, RUNNING, COMPLETED, FAILED, CANCELLED = JobStatus
CLOSED = (COMPLETED, FAILED, CANCELLED)


def a_job(status: JobStatus = PENDING, *, max_failed: int | None = None) -> Job:
    spec = Spec(task_type="noop", source=Repeat(10), max_failed=max_failed)
    job = Job(id="job", tenant="default", spec=spec, fingerprint="f", created_at=1.0, status=status)
    return job.plan(10, 3)


def test_the_table_of_moves() -> None:
    allowed = {(one, other) for one, after in MOVES.items() for other in after}

    assert allowed == {
        *product((PENDING,), (ENQUEUED, RUNNING, *CLOSED)),
        *product((ENQUEUED,), (RUNNING, *CLOSED)),
        *product((RUNNING,), CLOSED),
        (FAILED, PENDING),
    }
    assert {status for status in JobStatus if a_job(status).live} == LIVE


@pytest.mark.parametrize(("status", "to"), [*product(JobStatus, CLOSED)])
def test_only_a_live_job_closes(status: JobStatus, to: JobStatus) -> None:
    job = a_job(status)

    if status in LIVE:
        closed = job.close(to, "why", Counts(completed=4, pending=6), 30, 9.0)
        assert (closed.status, closed.reason, closed.finished_at) == (to, "why", 9.0)
        assert closed.counts == Counts(completed=4, cancelled=6)
        assert closed.outcomes == {1: to}
        assert not closed.paused
    else:
        with pytest.raises(IllegalMove):
            job.close(to, None, Counts(), 0, 9.0)


@pytest.mark.parametrize("status", JobStatus)
def test_only_a_failed_job_is_retried(status: JobStatus) -> None:
    job = replace(a_job(status).wait("t", 0.0), ending=status, reason="why", outcomes={1: FAILED})

    if status is FAILED:
        again = job.retry(2.0)
        assert (again.status, again.generation, again.token) == (PENDING, 2, None)
        left = (again.ending, again.reason, again.counts, again.finished_at)
        assert left == (None, None, None, None)
        assert again.outcomes == {1: FAILED}
        assert again.chunks == job.chunks
    else:
        with pytest.raises(IllegalMove):
            job.retry(2.0)


@pytest.mark.parametrize("status", JobStatus)
@pytest.mark.parametrize(
    "move",
    [lambda job: job.pause(1.0), lambda job: job.resume(2.0), lambda job: job.stop(CANCELLED, "")],
)
def test_a_closed_job_takes_no_flag(status: JobStatus, move: Callable[[Job], Job]) -> None:
    job = a_job(status)

    if status in LIVE:
        assert move(job).version == job.version + 1
    else:
        with pytest.raises(IllegalMove):
            move(job)


def test_a_flagged_job_ends_with_the_status_of_the_flag() -> None:
    job = a_job(RUNNING).stop(CANCELLED, "cancelled by its user")

    closed = job.close(COMPLETED, None, Counts(completed=10), 30, 9.0)

    assert (closed.status, closed.reason) == (CANCELLED, "cancelled by its user")


def test_an_execution_waits_only_for_an_open_job_of_its_generation() -> None:
    job = a_job(RUNNING)

    assert job.may_wait(1)
    assert not job.may_wait(2)
    assert not job.stop(CANCELLED, "").may_wait(1)
    assert not a_job(COMPLETED).may_wait(1)


@pytest.mark.parametrize(
    ("allowed", "failed", "status", "early"),
    [
        (None, 0, COMPLETED, False),
        (None, 1, FAILED, False),
        (0, 1, FAILED, True),
        (2, 2, COMPLETED, False),
        (2, 3, FAILED, True),
    ],
)
def test_failures_are_held_against_what_the_user_allows(
    allowed: int | None,
    failed: int,
    status: JobStatus,
    early: bool,  # noqa: FBT001
) -> None:
    job = a_job(RUNNING, max_failed=allowed)

    verdict, reason = job.verdict(Counts(completed=10 - failed, failed=failed))

    assert verdict is status
    assert (reason is None) == (status is COMPLETED)
    assert job.too_many_failed(failed) is early


def test_places_and_sizes_follow_from_count_and_chunk_size() -> None:
    job = a_job()

    assert (job.chunks, job.tallies) == (4, 1)
    assert [job.size_of(chunk) for chunk in range(4)] == [3, 3, 3, 1]
    assert [job.place(index) for index in (0, 2, 3, 9)] == [(0, 0), (0, 2), (1, 0), (3, 0)]
    for outside in (-1, 10):
        with pytest.raises(IndexError):
            job.place(outside)
