"""Tests of webhooks: their management, and deliveries with retries."""

import json
from collections.abc import Iterator
from dataclasses import replace
from threading import Barrier
from typing import Any

import pytest

from handlers import deliver_webhooks
from shoal import bootstrap
from shoal.adapters.webhook_post import HttpWebhookPoster
from shoal.domain.addresses import LOOPBACK
from shoal.domain.errors import WriteConflict
from shoal.domain.job_event import JobChange, JobChangeEvent
from shoal.domain.webhook import DISABLE_AFTER, MOST_WEBHOOKS, RETRY_DELAYS, WebhookResponse
from shoal.wire.job_event import job_event_body
from shoal.wire.webhook_messages import delivery_message
from tests.unit.handlers.http_calls import Json, World, call, submit, user
from tests.unit.webhooks.webhook_receiver import Receiver, receiving, verified

URL = "https://example.com/hook"


def add(**fields: Json) -> Json:
    answer = call("POST", "/webhooks", {"url": URL, **fields})
    assert answer.status == 201, answer.text
    return answer.json


def records(*bodies: str) -> dict[str, Any]:
    return {"Records": [{"messageId": f"m{n}", "body": body} for n, body in enumerate(bodies)]}


def happened(world: World, change: JobChange, *, claims: Json = None) -> str:
    """Enqueue the event of a changed job as EventBridge does; return its id."""
    answer = call("POST", "/jobs", {"task_type": "noop", "count": 1}, claims=claims or user())
    job = world.jobs.get(answer.json["id"])
    assert job is not None
    event = JobChangeEvent(change, job)
    told = {
        "detail-type": change.value,
        "source": "shoal",
        "time": "2027-01-15T08:00:00Z",
        "detail": job_event_body(event),
    }
    assert deliver_webhooks.handler(records(json.dumps(told)), None) == {"batchItemFailures": []}
    return event.id


def deliver(world: World) -> list[float]:
    """Deliver all queued messages without waiting; return their delays."""
    taken = world.delivery_queue.take()
    answer = deliver_webhooks.handler(records(*(delivery_message(each) for each, _ in taken)), None)
    assert answer == {"batchItemFailures": []}
    return [delay for _, delay in taken]


def deliveries(hook: Json) -> list[Json]:
    items: list[Json] = call("GET", f"/webhooks/{hook['id']}/deliveries").json["items"]
    return items


def shown(hook: Json) -> Json:
    return call("GET", f"/webhooks/{hook['id']}").json


def audited() -> list[tuple[str, str, str | None]]:
    items = call("GET", "/events").json["items"]
    return [(each["action"], each["who"], each["detail"].get("webhook")) for each in items]


# Management


def test_the_secret_is_returned_once() -> None:
    hook = add(events=["job.completed"], description="ops")

    (listed,) = call("GET", "/webhooks").json["items"]

    assert hook["secret"].startswith("whsec_")
    assert listed == {name: value for name, value in hook.items() if name != "secret"}
    assert shown(hook) == listed
    assert (listed["events"], listed["enabled"]) == (["job.completed"], True)


def test_actions_on_webhooks_are_audited() -> None:
    hook = add()
    call("POST", f"/webhooks/{hook['id']}/rotate")
    call("POST", f"/webhooks/{hook['id']}/test")
    call("DELETE", f"/webhooks/{hook['id']}")

    who, each = "user of default", hook["id"]
    assert sorted(audited()) == [
        ("webhook_add", who, each),
        ("webhook_remove", who, each),
        ("webhook_rotate", who, each),
        ("webhook_test", who, each),
    ]


def test_a_repeated_key_returns_the_same_webhook_with_its_secret() -> None:
    headers, body = {"Idempotency-Key": "k"}, {"url": URL}
    first = call("POST", "/webhooks", body, headers=headers)
    again = call("POST", "/webhooks", body, headers=headers)
    other = call("POST", "/webhooks", {"url": f"{URL}/2"}, headers=headers)

    assert (first.json, again.headers["Idempotency-Replayed"]) == (again.json, "true")
    assert other.status == 409
    assert len(call("GET", "/webhooks").json["items"]) == 1
    assert len(audited()) == 1


def test_a_replay_does_not_return_a_rotated_secret() -> None:
    headers = {"Idempotency-Key": "k"}
    hook = call("POST", "/webhooks", {"url": URL}, headers=headers).json
    call("POST", f"/webhooks/{hook['id']}/rotate")

    assert call("POST", "/webhooks", {"url": URL}, headers=headers).status == 409


def test_concurrent_equal_requests_add_one_webhook(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = world.webhooks.put

    def overtaken(hook: Any) -> None:
        put(hook)
        raise WriteConflict(hook.id)

    monkeypatch.setattr(world.webhooks, "put", overtaken)

    answer = call("POST", "/webhooks", {"url": URL}, headers={"Idempotency-Key": "k"})

    assert answer.headers["Idempotency-Replayed"] == "true"


def test_a_tenant_has_at_most_ten_webhooks() -> None:
    for number in range(10):
        add(url=f"{URL}/{number}")

    answer = call("POST", "/webhooks", {"url": URL})

    assert (answer.status, answer.fields) == (429, ["webhooks"])
    assert "Retry-After" in answer.headers
    assert call("POST", "/webhooks", {"url": URL}, claims=user("other")).status == 201


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"url": "http://example.com"}, "url"),
        ({"url": "https://169.254.169.254/"}, "url"),
        ({"url": "http://127.0.0.1/"}, "url"),
        ({}, "url"),
        ({"url": URL, "events": ["job.exploded"]}, "events[0]"),
        ({"url": URL, "description": "a\nb"}, "description"),
        ({"url": URL, "secret": "whsec_mine"}, "secret"),
    ],
)
def test_an_invalid_webhook_is_refused(body: Json, field: str) -> None:
    answer = call("POST", "/webhooks", body)

    assert (answer.status, answer.fields) == (422, [field])


def test_a_removed_webhook_does_not_exist(world: World) -> None:
    hook = add()
    happened(world, JobChange.COMPLETED)

    removed, repeated = (call("DELETE", f"/webhooks/{hook['id']}") for _ in range(2))
    assert (removed.status, repeated.status) == (204, 204)

    deliver(world)
    assert world.webhook_poster.posted == []
    for method, path in (
        ("GET", ""),
        ("POST", "/rotate"),
        ("POST", "/test"),
        ("GET", "/deliveries"),
    ):
        assert call(method, f"/webhooks/{hook['id']}{path}").status == 404


def test_concurrent_rotations_are_applied_one_after_the_other(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook, put, lost = add(), world.webhooks.put, list[int]()

    def late(written: Any) -> None:
        if not lost:
            lost.append(1)
            put(written)
            raise WriteConflict(written.id)
        put(written)

    monkeypatch.setattr(world.webhooks, "put", late)

    rotated = call("POST", f"/webhooks/{hook['id']}/rotate")

    assert rotated.status == 200
    kept = world.webhooks.get("default", hook["id"])
    assert kept is not None
    assert kept.secret == rotated.json["secret"]
    assert len([*kept.secrets(world.clock.now())]) == 3


# Deliveries


def test_an_event_goes_to_the_subscribed_webhooks_of_its_tenant(world: World) -> None:
    for url, events in (("all", []), ("done", ["job.completed"]), ("failed", ["job.failed"])):
        add(url=f"https://{url}.test", events=events)
    call("POST", "/webhooks", {"url": "https://other.test"}, claims=user("other"))

    happened(world, JobChange.COMPLETED)
    deliver(world)

    assert {each.url for each in world.webhook_poster.posted} == {
        "https://all.test",
        "https://done.test",
    }


def test_the_body_has_the_event_and_is_signed(world: World) -> None:
    hook = add()

    event_id = happened(world, JobChange.COMPLETED)
    deliver(world)

    (posted,) = world.webhook_poster.posted
    body = json.loads(posted.body)
    assert (body["type"], body["timestamp"]) == ("job.completed", "2027-01-15T08:00:00Z")
    assert body["data"]["event_id"] == event_id == posted.headers["webhook-id"]
    assert verified(hook["secret"], posted.headers, posted.body, now=world.clock.now())
    assert not verified(hook["secret"], posted.headers, posted.body + b" ", now=world.clock.now())


def test_for_a_day_after_a_rotation_both_secrets_verify(world: World) -> None:
    hook = add()
    rotated = call("POST", f"/webhooks/{hook['id']}/rotate").json
    happened(world, JobChange.COMPLETED)
    deliver(world)
    world.clock.advance(24 * 3_600)
    happened(world, JobChange.COMPLETED)
    deliver(world)

    both, alone = world.webhook_poster.posted
    for posted, old_verifies in ((both, True), (alone, False)):
        now = int(posted.headers["webhook-timestamp"])
        assert verified(rotated["secret"], posted.headers, posted.body, now=now)
        assert verified(hook["secret"], posted.headers, posted.body, now=now) is old_verifies


def test_a_failed_delivery_is_retried_with_the_same_id_until_it_succeeds(world: World) -> None:
    hook = add()
    world.webhook_poster.answer = WebhookResponse(500, 0.25)
    event_id = happened(world, JobChange.COMPLETED)
    deliver(world)
    world.clock.advance(RETRY_DELAYS[0])
    world.webhook_poster.answer = WebhookResponse(200, 0.5)

    assert deliver(world) == [RETRY_DELAYS[0]]

    assert [each.headers["webhook-id"] for each in world.webhook_poster.posted] == [event_id] * 2
    last, first = deliveries(hook)
    assert (first["attempt"], first["status_code"], first["duration"]) == (1, 500, 0.25)
    assert first["next_attempt_at"] == last["at"]
    assert (last["attempt"], last["status_code"], last["next_attempt_at"]) == (2, 200, None)
    assert world.delivery_queue.take() == []


def test_a_long_delay_is_split_into_delays_that_the_queue_supports(world: World) -> None:
    add()
    world.webhook_poster.answer = WebhookResponse(None, 10.0, "no response in time")
    happened(world, JobChange.COMPLETED)
    for pause in RETRY_DELAYS[:2]:
        deliver(world)
        world.clock.advance(pause)
    deliver(world)  # the third attempt; the next one is due in half an hour

    waits = []
    for _ in range(2):
        (delay,) = deliver(world)  # it is not due
        waits.append(delay)
        world.clock.advance(delay)
    posted = len(world.webhook_poster.posted)
    deliver(world)

    assert waits == [900, 900]
    assert (posted, len(world.webhook_poster.posted)) == (3, 4)


def test_a_webhook_that_fails_for_days_is_disabled_and_audited(world: World) -> None:
    hook = add()
    world.webhook_poster.answer = WebhookResponse(503, 0.1)
    happened(world, JobChange.COMPLETED)
    deliver(world)
    failing = shown(hook)
    world.clock.advance(DISABLE_AFTER)
    deliver(world)

    after = shown(hook)

    assert (failing["enabled"], failing["failing_since"]) == (True, "2027-01-15T08:00:00.000Z")
    assert (after["enabled"], after["disabled_reason"]) == (
        False,
        "all attempts of three days failed",
    )
    assert ("webhook_disable", "shoal", hook["id"]) in audited()
    tried = len(world.webhook_poster.posted)
    happened(world, JobChange.COMPLETED)
    deliver(world)
    assert len(world.webhook_poster.posted) == tried


def test_a_queued_event_is_not_sent_to_a_webhook_that_was_disabled_since(world: World) -> None:
    add()
    world.webhook_poster.answer = WebhookResponse(410, 0.1)
    happened(world, JobChange.COMPLETED)
    happened(world, JobChange.COMPLETED)

    deliver(world)

    assert len(world.webhook_poster.posted) == 1


def test_a_repeated_key_returns_the_webhook_when_no_other_may_be_added() -> None:
    headers, body = {"Idempotency-Key": "k"}, {"url": URL}
    first = call("POST", "/webhooks", body, headers=headers)
    for number in range(MOST_WEBHOOKS - 1):
        call("POST", "/webhooks", {"url": f"{URL}/{number}"})

    again = call("POST", "/webhooks", body, headers=headers)

    assert again.json == first.json


def test_a_successful_test_event_re_enables_the_webhook(world: World) -> None:
    hook = add()
    world.webhook_poster.answer = WebhookResponse(410, 0.1)
    happened(world, JobChange.COMPLETED)
    deliver(world)
    assert not shown(hook)["enabled"]
    world.webhook_poster.answer = WebhookResponse(200, 0.1)

    sent = call("POST", f"/webhooks/{hook['id']}/test")
    deliver(world)

    assert sent.status == 202
    assert shown(hook)["enabled"]
    assert deliveries(hook)[0]["event_id"] == sent.json["event_id"]
    assert json.loads(world.webhook_poster.posted[-1].body)["type"] == "webhook.test"


def test_the_last_hundred_attempts_are_listed(world: World) -> None:
    hook = add()
    for _ in range(101):
        call("POST", f"/webhooks/{hook['id']}/test")
        deliver(world)
        world.clock.advance(5)

    found = deliveries(hook)

    assert len(found) == 100
    assert found[0]["at"] > found[-1]["at"]


def test_unknown_messages_are_dropped_and_failed_ones_are_redelivered(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    add()
    happened(world, JobChange.COMPLETED)
    ((delivery, _),) = world.delivery_queue.take()

    def away(*_: object) -> None:
        raise WriteConflict("away")

    monkeypatch.setattr(world.webhooks, "get", away)

    answer = deliver_webhooks.handler(
        records("no JSON", "[]", '{"detail": {}}', "7", delivery_message(delivery)), None
    )

    assert answer == {"batchItemFailures": [{"itemIdentifier": "m4"}]}


def test_a_slow_endpoint_does_not_delay_others(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for url in (URL, f"{URL}/other"):
        add(url=url)
    happened(world, JobChange.SUBMITTED)
    both = Barrier(2)

    def post(*_: object, **__: object) -> WebhookResponse:
        both.wait(10)  # breaks unless both are called at the same time
        return WebhookResponse(200, 0.1)

    monkeypatch.setattr(world.webhook_poster, "post", post)

    assert deliver(world) == [0.0, 0.0]
    assert not world.delivery_queue.take()


# A real receiver


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


def test_a_real_receiver_verifies_the_retry_after_its_failure(
    world: World, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world.webhook_poster, "post", HttpWebhookPoster().post)
    bootstrap.use(_local(world))
    hook = add(url=f"{receiver.url}/hook")
    receiver.answer = 500
    event_id = happened(world, JobChange.FAILED)
    deliver(world)
    receiver.answer = 200
    world.clock.advance(RETRY_DELAYS[0])
    deliver(world)

    assert [each["status_code"] for each in deliveries(hook)] == [200, 500]
    for headers, body in receiver.came:
        assert headers["webhook-id"] == event_id
        stamp = int(headers["webhook-timestamp"])
        assert verified(hook["secret"], headers, body, now=stamp)
    assert LOOPBACK in receiver.url


def _local(world: World) -> World:
    return replace(world, local_webhooks=True)


def test_a_submit_sends_no_event(world: World) -> None:
    add()
    submit(count=1)

    assert world.delivery_queue.take() == []
