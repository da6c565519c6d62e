"""Tests to the day of how long a job and everything that belongs to it lives."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from shoal.domain.chunk import Chunk
from shoal.domain.errors import IllegalMove
from shoal.domain.job import DAY, MOST_GENERATIONS, Job, JobStatus, Lines
from shoal.service.job_queries import JobQueries
from tests.unit.service.service_harness import TENANT, ServiceHarness

RETENTION = 90
NEVER_ENDED = "it did not end within 60 days of its submit, pauses included"


def failed(harness: ServiceHarness, **given: float) -> None:
    harness.start(2, **given)
    harness.drain(fails=lambda _: True)
    assert harness.job.status is JobStatus.FAILED


def moved_to_day(harness: ServiceHarness, day: float) -> None:
    harness.clock.time = harness.job.created_at + day * DAY


def expiries(harness: ServiceHarness) -> set[int]:
    """When the row of the job and those of its chunks expire."""
    rows: list[Job | Chunk] = [harness.job, *harness.rows()]
    return {row.expires_at for row in rows}


def test_all_rows_expire_at_one_time_that_a_retry_does_not_move(harness: ServiceHarness) -> None:
    failed(harness)
    at_submit = expiries(harness)
    moved_to_day(harness, 59.9)

    harness.job_control.retry(TENANT, harness.id)
    harness.begin()
    harness.drain()

    assert harness.job.status is JobStatus.COMPLETED
    assert at_submit == {int(harness.job.created_at) + (60 + RETENTION) * DAY}
    assert expiries(harness) == at_submit


def test_a_retry_is_refused_60_days_after_the_submit(harness: ServiceHarness) -> None:
    failed(harness)
    moved_to_day(harness, 60.0)

    with pytest.raises(IllegalMove, match=r"submitted more than 60 days ago .* clone it"):
        harness.job_control.retry(TENANT, harness.id)

    assert harness.job.generation == 1


@pytest.mark.parametrize("paused", [False, True])
def test_an_open_job_ends_60_days_after_its_submit(
    harness: ServiceHarness,
    paused: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    harness.start(2)
    if paused:
        harness.job_control.pause(TENANT, harness.id)
    moved_to_day(harness, 59.99)
    before = harness.monitor()
    moved_to_day(harness, 60.0)

    after = harness.monitor()

    assert (before.decision, after.decision) == ("wait", "failed")
    assert (harness.job.status, harness.job.reason) == (JobStatus.FAILED, NEVER_ENDED)
    assert harness.job.expires_at - harness.clock.now() >= DAY


def test_a_retry_after_the_deadline_is_refused(harness: ServiceHarness) -> None:
    failed(harness, deadline=harness.clock.now() + 100.0)
    harness.clock.advance(100.0)

    with pytest.raises(IllegalMove, match=r"the deadline .* has passed, so a retry could only"):
        harness.job_control.retry(TENANT, harness.id)


def test_a_pause_moves_the_deadline_of_a_retry_too(harness: ServiceHarness) -> None:
    harness.start(2, deadline=harness.clock.now() + 100.0)
    harness.job_control.pause(TENANT, harness.id)
    harness.clock.advance(500.0)
    harness.job_control.resume(TENANT, harness.id)
    harness.drain(fails=lambda _: True)
    harness.clock.advance(99.0)

    harness.job_control.retry(TENANT, harness.id)

    assert harness.job.generation == 2


def test_the_number_of_retries_is_bounded(harness: ServiceHarness) -> None:
    failed(harness)
    job = harness.job
    while job.generation < MOST_GENERATIONS:
        again = job.retry(harness.clock.now())
        job = again.close(JobStatus.FAILED, "", again.counts or harness.counted(), 0, 1.0)

    with pytest.raises(IllegalMove, match="retried 999 times"):
        job.retry(harness.clock.now())


def test_a_job_copies_its_upload_which_may_be_older(harness: ServiceHarness) -> None:
    uri = harness.submission.upload(TENANT).uri
    key = harness.blobs.key_of(uri) or ""
    harness.blobs.put(key, b'{"size": 1}\n{"size": 2}\n')

    harness.start(inputs_uri=uri, task_type="sized")

    source = harness.job.spec.source
    assert isinstance(source, Lines)
    assert source.key.startswith(f"inputs/{harness.id}/")
    objects = harness.blobs.snapshot()["_objects"]
    harness.blobs.restore({"_objects": {name: objects[name] for name in objects if name != key}})
    assert harness.granted(1).inputs == [{"size": 2}]


def test_a_job_is_not_shown_after_its_time(harness: ServiceHarness) -> None:
    failed(harness)
    job_queries = JobQueries(harness.jobs)
    moved_to_day(harness, 60 + RETENTION - 0.01)
    shown = job_queries.get(TENANT, harness.id).job
    expiry = datetime.fromtimestamp(shown.created_at, UTC) + timedelta(days=60 + RETENTION)
    harness.clock.time = expiry.timestamp()

    assert harness.jobs.get(harness.id) is None
    assert harness.jobs.get_many([harness.id]) == {}
