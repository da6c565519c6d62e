"""Tests of the WebSocket API, called as API Gateway does."""

import json
from typing import Any

import pytest

from handlers import live, live_deltas
from tests.unit.handlers.http_calls import (
    World,
    call,
    lease,
    outcome,
    report,
    run,
    start,
    submit,
)
from tests.unit.handlers.websocket_calls import handshake, ticket, websocket_event

type Json = Any


def connect(connection: str = "c", secret: str | None = None, *, tenant: str = "default") -> int:
    return handshake({"ticket": ticket(tenant) if secret is None else secret}, connection)


def disconnect(connection: str = "c") -> None:
    live.handler(websocket_event("$disconnect", connection), None)


def say(world: World, words: Json, connection: str = "c") -> Json:
    """Send a message of a connection and return the reply."""
    body = words if isinstance(words, str) else json.dumps(words)
    live.handler(websocket_event("$default", connection, body=body), None)
    return json.loads(world.connections.sent[connection].pop())


def listen(world: World, job: str | None = None, connection: str = "c") -> None:
    words = {"action": "subscribe"} | ({} if job is None else {"job": job})
    assert say(world, words, connection) == {"type": "subscribed", "job_id": job}


def moved(*keys: str) -> None:
    """Send stream records of changes to these rows."""
    records = [{"dynamodb": {"Keys": {"id": {"S": key}}}} for key in keys]
    live_deltas.handler({"Records": records}, None)


def heard(world: World, connection: str = "c") -> list[Json]:
    found = [json.loads(each) for each in world.connections.sent.get(connection, [])]
    world.connections.sent.pop(connection, None)
    return found


@pytest.fixture
def job(world: World) -> str:
    assert world
    found = submit(count=4, chunk_size=2)
    start(found)
    return found


def test_a_ticket_has_a_url_and_an_expiry(world: World) -> None:
    answer = call("POST", "/live-tickets").json

    assert answer["url"] == "ws://live"
    assert answer["expires_at"] == "2027-01-15T08:01:00.000Z"
    assert world.clock.now() == 1_800_000_000


def test_a_ticket_works_once() -> None:
    secret = ticket()

    assert [connect("a", secret), connect("b", secret)] == [200, 401]


def test_a_ticket_expires(world: World) -> None:
    secret = ticket()
    world.clock.advance(60)

    assert connect("c", secret) == 403


def test_a_subscriber_receives_deltas_with_growing_versions_until_the_end(
    world: World, job: str
) -> None:
    connect()
    listen(world, job)
    for chunk in range(2):
        run(job, chunk)
        world.clock.advance(1)
        moved(job, f"{job}#tally#0", f"{job}#sums#1")

    first, last = heard(world)

    shown = call("GET", f"/jobs/{job}").json
    assert (first["job_id"], first["counts"]["completed"]) == (job, 2)
    assert last["previous"] == first["version"] < last["version"] == shown["version"]
    assert (last["status"], last["counts"]) == ("COMPLETED", shown["counts"])


def test_many_changes_of_a_job_are_one_delta(world: World, job: str) -> None:
    connect()
    listen(world)
    run(job)

    moved(*[f"{job}#tally#{number}" for number in range(64)], job)

    assert len(heard(world)) == 1


def test_a_delta_is_not_sent_twice(world: World, job: str) -> None:
    connect()
    listen(world, job)
    moved(job)
    world.clock.advance(60)
    moved(job)

    assert len(heard(world)) == 1


def test_overlapping_subscriptions_receive_one_delta(world: World, job: str) -> None:
    connect()
    listen(world)
    listen(world, job)
    moved(job)

    assert len(heard(world)) == 1


def test_a_subscriber_receives_only_jobs_of_its_tenant(world: World, job: str) -> None:
    connect("theirs", tenant="other")
    connect("own")
    for each in ("theirs", "own"):
        listen(world, connection=each)

    moved(job)

    assert [len(heard(world, each)) for each in ("theirs", "own")] == [0, 1]


def test_a_job_of_another_tenant_does_not_exist(world: World, job: str) -> None:
    connect(tenant="other")

    theirs = say(world, {"action": "subscribe", "job": job})
    nobodys = say(world, {"action": "subscribe", "job": f"job_{'0' * 26}"})

    assert (theirs["status"], nobodys["status"]) == (404, 404)
    moved(job)
    assert heard(world) == []


def test_no_delta_is_sent_after_unsubscribe_or_disconnect(world: World, job: str) -> None:
    for each in ("a", "b"):
        connect(each)
        listen(world, job, each)
    answer = say(world, {"action": "unsubscribe", "job": job}, "a")
    assert answer == {"type": "unsubscribed", "job_id": job}
    disconnect("b")

    moved(job)

    assert world.connections.sent["a"] == []
    assert heard(world, "b") == []


def test_a_closed_connection_is_removed(world: World, job: str) -> None:
    for each in ("gone", "here"):
        connect(each)
        listen(world, job, each)
    world.connections.gone.add("gone")
    moved(job)
    world.connections.gone.clear()
    world.clock.advance(1)
    run(job)
    moved(job)

    assert [len(heard(world, each)) for each in ("gone", "here")] == [0, 2]


def test_a_ping_is_answered(world: World) -> None:
    connect()

    assert say(world, {"action": "ping"}) == {"type": "pong"}


@pytest.mark.parametrize(
    "words",
    [
        "",
        "[]",
        "{",
        '{"action": "drop"}',
        {"action": "subscribe", "job": 7},
        {"action": "ping", "x": 1},
    ],
)
def test_unknown_messages_are_refused(world: World, words: Json) -> None:
    connect()

    answer = say(world, words)

    assert (answer["type"], answer["status"]) == ("error", 400)


def test_an_expired_connection_must_reconnect(world: World, job: str) -> None:
    connect()
    world.clock.advance(7_200)

    assert say(world, {"action": "subscribe", "job": job})["status"] == 401


def test_a_connection_can_subscribe_to_at_most_fifty_jobs(world: World) -> None:
    connect()
    for _ in range(50):
        listen(world, submit(count=1))

    assert say(world, {"action": "subscribe", "job": submit(count=1)})["status"] == 429


def test_a_batch_without_subscribers_reads_no_tally(world: World, job: str) -> None:
    connect(tenant="other")
    before = world.jobs.snapshot()
    granted = lease(job)
    report(granted, [outcome(each["index"]) for each in granted["tasks"]])

    moved(job, f"{job}#tally#0")

    assert world.connections.sent == {}
    assert before != world.jobs.snapshot()
