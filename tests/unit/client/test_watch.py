"""A watch, played against a far end that loses, repeats and withholds what it tells."""

import json
from collections import deque
from dataclasses import dataclass, field
from typing import Any

import pytest

from shoal.client.api import Api
from shoal.client.effects import Answer, Dial, Effect, Flow, HangUp, Hear, Pause, Request, Say
from shoal.client.errors import Unreachable, WaitTimeout
from shoal.client.tokens import StaticToken
from shoal.client.watch import Watch, waited

LINE = object()
CLOSED = object()
LOOKS = 3
"""Before a watch dials."""


def a_job(version: int, completed: int, status: str = "RUNNING") -> dict[str, Any]:
    ended = "2026-01-01T00:00:00Z" if status == "COMPLETED" else None
    counts = {"pending": 10 - completed, "completed": completed}
    return {
        "id": "job_1",
        "status": status,
        "paused": False,
        "version": version,
        "counts": counts,
        "finished_at": ended,
    }


def delta(version: int, previous: int | None, completed: int, status: str = "RUNNING") -> str:
    told = a_job(version, completed, status)
    return json.dumps({**told, "type": "delta", "job_id": "job_1", "previous": previous})


@dataclass
class FarEnd:
    """What a client reaches: a job, and a line on which things are said in their turn."""

    job: dict[str, Any] = field(default_factory=lambda: a_job(1, 0))
    said: deque[Any] = field(default_factory=deque)
    answers_calls: bool = True
    has_tickets: bool = True
    clock: float = 0.0
    seen: list[str] = field(default_factory=list)

    def run[T](self, flow: Flow[T]) -> T:
        value: object = None
        try:
            while True:
                effect = flow.send(value)
                try:
                    value = self.outcome(effect)
                except Unreachable as error:
                    effect = flow.throw(error)
                    value = self.outcome(effect)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]

    def outcome(self, effect: Effect) -> object:
        match effect:
            case Request():
                return self.answer(effect)
            case Pause(seconds):
                self.clock += seconds
                return None
            case Dial():
                self.seen.append("dial")
                if not self.answers_calls:
                    raise Unreachable("nobody there")
                return LINE
            case Say(_, text):
                self.seen.append(json.loads(text)["action"])
                return None
            case HangUp():
                self.seen.append("hang up")
                return None
            case Hear(_, seconds):
                return self.heard(seconds)

    def answer(self, request: Request) -> Answer:
        if request.method == "POST":
            self.seen.append("ticket")
            ticket = {"url": "ws://far", "ticket": "secret"}
            return Answer(201 if self.has_tickets else 403, {}, json.dumps(ticket).encode())
        self.seen.append("get")
        etag = f'"{self.job["version"]}"'
        known = request.headers.get("If-None-Match") == etag
        return Answer(304 if known else 200, {"etag": etag}, json.dumps(self.job).encode())

    def heard(self, seconds: float) -> str | None:
        if not self.said:
            self.clock += seconds
            return None
        message = self.said.popleft()
        if message is CLOSED:
            raise Unreachable("closed")
        if callable(message):
            message = message()
        return str(message)

    def api(self) -> Api:
        return Api("http://far", StaticToken("token"), now=lambda: self.clock)


def looking(far: FarEnd) -> Watch:
    """A watch that has looked often enough to dial next."""
    watch = Watch(far.api(), "job_1")
    assert far.run(watch.changed()) is not None
    while far.seen.count("get") < LOOKS:
        assert far.run(watch.changed(far.clock + 0.1)) is None
    far.seen.clear()
    return watch


SUBSCRIBED = json.dumps({"type": "subscribed", "job_id": "job_1"})


def test_a_job_that_ends_at_once_is_not_worth_a_line() -> None:
    far = FarEnd(job=a_job(9, 10, "COMPLETED"))

    job = far.run(waited(far.api(), "job_1", None))

    assert job.ended
    assert far.seen == ["get"]


def test_one_subscribes_before_one_looks_so_that_nothing_is_missed_between() -> None:
    far = FarEnd()
    watch = looking(far)
    far.said += [SUBSCRIBED, delta(2, 1, 4)]

    state = far.run(watch.changed())

    assert far.seen == ["ticket", "dial", "subscribe", "get"]
    assert state is not None
    assert (state.version, state.counts.completed) == (2, 4)


def test_deltas_are_told_without_a_request_and_old_ones_are_dropped() -> None:
    far = FarEnd()
    watch = looking(far)
    far.said += [SUBSCRIBED, delta(2, 1, 4), delta(2, 1, 4), delta(1, None, 0), delta(3, 2, 6)]

    told = [far.run(watch.changed()) for _ in range(2)]

    assert [each and each.counts.completed for each in told] == [4, 6]
    assert far.seen == ["ticket", "dial", "subscribe", "get"]


@pytest.mark.parametrize("previous", [None, 6])
def test_who_missed_a_delta_asks_for_the_job(previous: int | None) -> None:
    far = FarEnd()
    watch = looking(far)

    def missed() -> str:
        far.job = a_job(7, 8)
        return delta(7, previous, 8)

    far.said += [SUBSCRIBED, missed]

    state = far.run(watch.changed())

    assert far.seen == ["ticket", "dial", "subscribe", "get", "get"]
    assert state is not None
    assert state.version == 7


def test_the_end_is_read_whole() -> None:
    far = FarEnd()
    watch = looking(far)

    def last() -> str:
        far.job = a_job(9, 10, "COMPLETED")
        return delta(9, 1, 10, "COMPLETED")

    far.said += [SUBSCRIBED, last]

    state = far.run(watch.changed())

    assert state is not None
    assert state.ended
    assert state.finished_at is not None


def test_a_lost_last_delta_is_found_by_a_look() -> None:
    far = FarEnd()
    watch = looking(far)
    far.said += [SUBSCRIBED, delta(2, 1, 4)]
    assert far.run(watch.changed()) is not None
    far.job = a_job(9, 10, "COMPLETED")
    began = far.clock

    state = far.run(watch.changed())

    assert state is not None
    assert state.ended
    assert far.clock - began == 60.0
    assert far.seen[-2:] == ["ping", "get"]


def test_a_line_that_closes_is_dialled_again() -> None:
    far = FarEnd()
    watch = looking(far)
    far.said += [SUBSCRIBED, CLOSED, SUBSCRIBED, delta(2, 1, 4)]

    state = far.run(watch.changed())

    assert state is not None
    assert state.version == 2
    assert far.seen.count("dial") == 2


@pytest.mark.parametrize("fault", [{"answers_calls": False}, {"has_tickets": False}])
def test_without_a_line_one_goes_on_looking_and_tries_again_later(fault: dict[str, bool]) -> None:
    far = FarEnd(**fault)  # type: ignore[arg-type]
    watch = looking(far)

    assert far.run(watch.changed(far.clock + 30)) is None
    assert far.seen.count("ticket") == 1
    far.job = a_job(5, 5)
    state = far.run(watch.changed())
    assert state is not None
    assert state.version == 5
    assert far.run(watch.changed(far.clock + 61)) is None
    assert far.seen.count("ticket") == 2


def test_whoever_waits_gives_up_in_time_and_hangs_up() -> None:
    far = FarEnd()
    far.said += [SUBSCRIBED]

    with pytest.raises(WaitTimeout):
        far.run(waited(far.api(), "job_1", 40))

    assert far.clock == pytest.approx(40)
    assert far.seen[-1] == "hang up"


def test_a_refused_subscription_is_hung_up() -> None:
    far = FarEnd()
    watch = looking(far)
    far.said += [json.dumps({"type": "error", "status": 404, "detail": "no such job"})]

    assert far.run(watch.changed(far.clock + 5)) is None

    assert far.seen[:4] == ["ticket", "dial", "subscribe", "hang up"]
