"""The events that a change of a job's row creates."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from shoal.domain.counts import Counts
from shoal.domain.job import Job, JobStatus, Repeat, Spec
from shoal.domain.job_event import JobChange, events_of

SPEC = Spec(task_type="noop", source=Repeat(10))
NEW = Job(id="job", tenant="t", spec=SPEC, fingerprint="f", created_at=1.0).plan(10, 3)
RUNNING = NEW.start(2.0)


def closed(status: JobStatus) -> Job:
    return RUNNING.close(status, None, Counts(completed=10), 9, 3.0)


def changes(before: Job | None, after: Job) -> list[JobChange]:
    return [event.change for event in events_of(before, after)]


def test_a_new_row_is_a_submitted_job() -> None:
    assert changes(None, NEW) == [JobChange.SUBMITTED]


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        (NEW, NEW.enqueue(1.5), JobChange.ENQUEUED),
        (NEW, RUNNING, JobChange.STARTED),
        (RUNNING, RUNNING.pause(3.0), JobChange.PAUSED),
        (RUNNING.pause(3.0), RUNNING.pause(3.0).resume(4.0), JobChange.RESUMED),
        (RUNNING, RUNNING.stop(JobStatus.CANCELLED, "asked"), JobChange.STOPPING),
        (RUNNING, closed(JobStatus.COMPLETED), JobChange.COMPLETED),
        (RUNNING, closed(JobStatus.FAILED), JobChange.FAILED),
        (RUNNING, closed(JobStatus.CANCELLED), JobChange.CANCELLED),
        (closed(JobStatus.FAILED), closed(JobStatus.FAILED).retry(2.0), JobChange.RETRIED),
        (closed(JobStatus.FAILED), closed(JobStatus.FAILED).delete(9.0), JobChange.DELETED),
    ],
)
def test_each_change_that_a_user_would_name_is_one_event(
    before: Job, after: Job, change: JobChange
) -> None:
    assert changes(before, after) == [change]


@pytest.mark.parametrize(
    "move", [lambda job: job.wait("token", 1.0), lambda job: job.executed(2), lambda job: job]
)
def test_internal_changes_create_no_event(move: Callable[[Job], Job]) -> None:
    assert changes(RUNNING, move(RUNNING)) == []


def test_a_paused_job_that_closes_creates_no_resumed_event() -> None:
    paused = RUNNING.pause(3.0)
    after = paused.close(JobStatus.CANCELLED, None, Counts(), 0, 5.0)

    assert changes(paused, after) == [JobChange.CANCELLED]


def test_a_repeated_event_has_the_same_id() -> None:
    paused = RUNNING.pause(3.0)

    (first,), (again,) = events_of(RUNNING, paused), events_of(RUNNING, paused)
    (other,) = events_of(replace(paused), paused.resume(3.0))

    assert first.id == again.id
    assert first.id != other.id
