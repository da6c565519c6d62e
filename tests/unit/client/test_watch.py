"""A watch against a fake API that loses, repeats and withholds messages."""

import json
from collections import deque
from dataclasses import dataclass, field
from typing import Any

import pytest

from shoal.client.api import Api
from shoal.client.effects import (
    CloseSocket,
    Effect,
    Flow,
    HttpRequest,
    HttpResponse,
    OpenSocket,
    ReceiveText,
    SendText,
    Sleep,
)
from shoal.client.errors import Unreachable, WaitTimeout
from shoal.client.tokens import StaticToken
from shoal.client.watch import Watch, wait_until_ended

SOCKET = object()
CLOSED = object()
POLLS = 3
"""The number of polls before a watch opens a WebSocket."""


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
    job = a_job(version, completed, status)
    return json.dumps({**job, "type": "delta", "job_id": "job_1", "previous": previous})


@dataclass
class FakeApi:
    """An API with one job, and a WebSocket that delivers the queued messages."""

    job: dict[str, Any] = field(default_factory=lambda: a_job(1, 0))
    messages: deque[Any] = field(default_factory=deque)
    accepts_sockets: bool = True
    has_tickets: bool = True
    clock: float = 0.0
    seen: list[str] = field(default_factory=list)

    def run[T](self, flow: Flow[T]) -> T:
        value: object = None
        try:
            while True:
                effect = flow.send(value)
                try:
                    value = self.perform(effect)
                except Unreachable as error:
                    effect = flow.throw(error)
                    value = self.perform(effect)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]

    def perform(self, effect: Effect) -> object:
        match effect:
            case HttpRequest():
                return self.respond(effect)
            case Sleep(seconds):
                self.clock += seconds
                return None
            case OpenSocket():
                self.seen.append("open")
                if not self.accepts_sockets:
                    raise Unreachable("connection refused")
                return SOCKET
            case SendText(_, text):
                self.seen.append(json.loads(text)["action"])
                return None
            case CloseSocket():
                self.seen.append("close")
                return None
            case ReceiveText(_, timeout):
                return self.receive(timeout)

    def respond(self, request: HttpRequest) -> HttpResponse:
        if request.method == "POST":
            self.seen.append("ticket")
            ticket = {"url": "ws://fake", "ticket": "secret"}
            return HttpResponse(201 if self.has_tickets else 403, {}, json.dumps(ticket).encode())
        self.seen.append("get")
        etag = f'"{self.job["version"]}"'
        known = request.headers.get("If-None-Match") == etag
        return HttpResponse(304 if known else 200, {"etag": etag}, json.dumps(self.job).encode())

    def receive(self, timeout: float) -> str | None:
        if not self.messages:
            self.clock += timeout
            return None
        message = self.messages.popleft()
        if message is CLOSED:
            raise Unreachable("closed")
        if callable(message):
            message = message()
        return str(message)

    def api(self) -> Api:
        return Api("http://fake", StaticToken("token"), now=lambda: self.clock)


def polled_watch(fake: FakeApi) -> Watch:
    """Return a watch that opens a WebSocket next."""
    watch = Watch(fake.api(), "job_1")
    assert fake.run(watch.next_state()) is not None
    while fake.seen.count("get") < POLLS:
        assert fake.run(watch.next_state(fake.clock + 0.1)) is None
    fake.seen.clear()
    return watch


SUBSCRIBED = json.dumps({"type": "subscribed", "job_id": "job_1"})


def test_job_that_ends_at_once_opens_no_socket() -> None:
    fake = FakeApi(job=a_job(9, 10, "COMPLETED"))

    job = fake.run(wait_until_ended(fake.api(), "job_1", None))

    assert job.ended
    assert fake.seen == ["get"]


def test_watch_subscribes_before_it_polls() -> None:
    fake = FakeApi()
    watch = polled_watch(fake)
    fake.messages += [SUBSCRIBED, delta(2, 1, 4)]

    state = fake.run(watch.next_state())

    assert fake.seen == ["ticket", "open", "subscribe", "get"]
    assert state is not None
    assert (state.version, state.counts.completed) == (2, 4)


def test_deltas_need_no_request_and_old_ones_are_dropped() -> None:
    fake = FakeApi()
    watch = polled_watch(fake)
    fake.messages += [SUBSCRIBED, delta(2, 1, 4), delta(2, 1, 4), delta(1, None, 0), delta(3, 2, 6)]

    states = [fake.run(watch.next_state()) for _ in range(2)]

    assert [each and each.counts.completed for each in states] == [4, 6]
    assert fake.seen == ["ticket", "open", "subscribe", "get"]


@pytest.mark.parametrize("previous", [None, 6])
def test_missed_delta_causes_a_poll(previous: int | None) -> None:
    fake = FakeApi()
    watch = polled_watch(fake)

    def missed() -> str:
        fake.job = a_job(7, 8)
        return delta(7, previous, 8)

    fake.messages += [SUBSCRIBED, missed]

    state = fake.run(watch.next_state())

    assert fake.seen == ["ticket", "open", "subscribe", "get", "get"]
    assert state is not None
    assert state.version == 7


def test_final_state_is_read_in_full() -> None:
    fake = FakeApi()
    watch = polled_watch(fake)

    def last() -> str:
        fake.job = a_job(9, 10, "COMPLETED")
        return delta(9, 1, 10, "COMPLETED")

    fake.messages += [SUBSCRIBED, last]

    state = fake.run(watch.next_state())

    assert state is not None
    assert state.ended
    assert state.finished_at is not None


def test_lost_last_delta_is_found_by_a_poll() -> None:
    fake = FakeApi()
    watch = polled_watch(fake)
    fake.messages += [SUBSCRIBED, delta(2, 1, 4)]
    assert fake.run(watch.next_state()) is not None
    fake.job = a_job(9, 10, "COMPLETED")
    began = fake.clock

    state = fake.run(watch.next_state())

    assert state is not None
    assert state.ended
    assert fake.clock - began == 60.0
    assert fake.seen[-2:] == ["ping", "get"]


def test_closed_socket_is_opened_again() -> None:
    fake = FakeApi()
    watch = polled_watch(fake)
    fake.messages += [SUBSCRIBED, CLOSED, SUBSCRIBED, delta(2, 1, 4)]

    state = fake.run(watch.next_state())

    assert state is not None
    assert state.version == 2
    assert fake.seen.count("open") == 2


@pytest.mark.parametrize("fault", [{"accepts_sockets": False}, {"has_tickets": False}])
def test_watch_polls_without_a_socket_and_reconnects_later(fault: dict[str, bool]) -> None:
    fake = FakeApi(**fault)  # type: ignore[arg-type]
    watch = polled_watch(fake)

    assert fake.run(watch.next_state(fake.clock + 30)) is None
    assert fake.seen.count("ticket") == 1
    fake.job = a_job(5, 5)
    state = fake.run(watch.next_state())
    assert state is not None
    assert state.version == 5
    assert fake.run(watch.next_state(fake.clock + 61)) is None
    assert fake.seen.count("ticket") == 2


def test_wait_times_out_and_closes_the_socket() -> None:
    fake = FakeApi()
    fake.messages += [SUBSCRIBED]

    with pytest.raises(WaitTimeout):
        fake.run(wait_until_ended(fake.api(), "job_1", 40))

    assert fake.clock == pytest.approx(40)
    assert fake.seen[-1] == "close"


def test_rejected_subscription_closes_the_socket() -> None:
    fake = FakeApi()
    watch = polled_watch(fake)
    fake.messages += [json.dumps({"type": "error", "status": 404, "detail": "no such job"})]

    assert fake.run(watch.next_state(fake.clock + 5)) is None

    assert fake.seen[:4] == ["ticket", "open", "subscribe", "close"]
