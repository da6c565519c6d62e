"""Tests of concurrent publishers of one job, one per shard of the stream."""

import json
from collections.abc import Callable

import pytest

from shoal.adapters.memory.clock import FixedClock
from shoal.adapters.memory.jobs import MemoryJobStore
from shoal.adapters.memory.live import MemoryConnections, MemoryLiveStore
from shoal.domain.job import Job, Repeat, Spec
from shoal.domain.live import Connection, LastSent
from shoal.service.job_queries import JobQueries
from shoal.service.live_deltas import LiveDeltaPublisher

JOB = Job(
    id=f"job_{'1' * 26}",
    tenant="t",
    spec=Spec(task_type="noop", source=Repeat(4)),
    fingerprint="f",
    created_at=1.0,
    task_count=4,
)


class Stage:
    """A job with a subscriber, and pauses in which other writes can happen."""

    def __init__(self) -> None:
        self.clock = FixedClock()
        self.jobs = MemoryJobStore()
        self.jobs.create(JOB)
        self.store = MemoryLiveStore(self.clock)
        self.sockets = MemoryConnections()
        self.pauses: list[float] = []
        self.meanwhile: list[Callable[[], object]] = []
        listener = Connection("c", "t", "ann", int(self.clock.now()) + 60)
        self.store.connect(listener)
        self.store.subscribe(listener, JOB.id, most=1)

    def publisher(self) -> LiveDeltaPublisher:
        job_queries = JobQueries(self.jobs)
        return LiveDeltaPublisher(
            self.store, self.jobs, job_queries, self.sockets, self.clock, self._pause
        )

    def heard(self) -> list[int]:
        return [json.loads(each)["version"] for each in self.sockets.sent.get("c", [])]

    def _pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.clock.advance(seconds)
        if self.meanwhile:
            self.meanwhile.pop(0)()


def test_a_change_within_the_period_is_sent_after_it() -> None:
    stage = Stage()
    publisher = stage.publisher()
    publisher.publish([JOB.id])
    stage.jobs.put(JOB.start(2.0))
    stage.clock.advance(0.2)

    publisher.publish([JOB.id])

    assert len(stage.heard()) == 2
    assert stage.pauses == [1.0]


def test_a_delta_that_another_publisher_sent_is_not_repeated() -> None:
    stage = Stage()
    stage.publisher().publish([JOB.id])
    stage.jobs.put(JOB.start(2.0))
    stage.meanwhile.append(lambda: stage.publisher().publish([JOB.id]))

    sent = stage.publisher().publish([JOB.id])

    assert sent == 0
    assert len(stage.heard()) == 2


def test_the_publisher_that_loses_the_write_sends_the_later_changes() -> None:
    stage = Stage()
    early = LastSent(1, stage.clock.now())
    tell = stage.store.record_sent
    lost: list[bool] = []

    def contended(job_id: str, told: LastSent, *, before: LastSent | None, expires_at: int) -> bool:
        if not lost:
            lost.append(tell(job_id, early, before=None, expires_at=expires_at))
        return tell(job_id, told, before=before, expires_at=expires_at)

    stage.store.record_sent = contended  # type: ignore[method-assign]

    stage.publisher().publish([JOB.id])

    (message,) = map(json.loads, stage.sockets.sent["c"])
    assert message["previous"] == early.version
    assert stage.pauses == [1.0]


class Died(BaseException):
    """The function was killed."""


@pytest.mark.parametrize("posted", [False, True])
def test_last_delta_is_sent_again_if_its_sender_died(*, posted: bool) -> None:
    stage = Stage()
    post = stage.sockets.post

    def dying(connection_id: str, message: str) -> bool:
        if posted:
            post(connection_id, message)
        raise Died

    stage.sockets.post = dying  # type: ignore[method-assign]
    with pytest.raises(Died):
        stage.publisher().publish([JOB.id])
    stage.sockets.post = post  # type: ignore[method-assign]

    stage.publisher().publish([JOB.id])  # the records are delivered again
    stage.publisher().publish([JOB.id])

    assert len(stage.heard()) == 1 + posted
    assert stage.pauses == [1.0]


def test_a_deleted_job_sends_no_delta() -> None:
    stage = Stage()

    assert stage.publisher().publish([f"job_{'2' * 26}"]) == 0
