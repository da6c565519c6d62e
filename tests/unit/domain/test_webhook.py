"""Webhooks: endpoints, signatures and retries."""

from dataclasses import replace

import pytest

from shoal.domain.job_event import JobChange
from shoal.domain.webhook import (
    DISABLE_AFTER,
    RETRY_DELAYS,
    ROTATION,
    TEST_EVENT,
    Webhook,
    WebhookDelivery,
    WebhookEvent,
    WebhookResponse,
    event_type,
    new_secret,
    signed_headers,
)
from shoal.wire.webhooks import EventType

NOW = 1_800_000_000.0
GOOD, BAD, GONE = WebhookResponse(204, 0.1), WebhookResponse(500, 0.1), WebhookResponse(410, 0.1)
EVENT = WebhookEvent("e1", "job.completed", "2027-01-15T08:00:00Z", "t", {})


def a_hook(**fields: object) -> Webhook:
    hook = Webhook(id="wh_1", tenant="t", url="https://a.test", secret="whsec_QQ==", created_at=NOW)  # noqa: S106
    return replace(hook, **fields)  # type: ignore[arg-type]  # the fields of each test


def test_a_signature_is_that_of_the_specifications_example() -> None:
    hook = a_hook(secret="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")  # noqa: S106 - it is public

    headers = signed_headers(
        hook, "msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}', 1_614_265_330.9
    )

    assert headers["webhook-timestamp"] == "1614265330"
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_secret_that_was_replaced_signs_for_a_day_more() -> None:
    first, second = new_secret(b"a" * 32), new_secret(b"b" * 32)
    hook = a_hook(secret=first)
    lately, long_ago = (
        hook.rotated(second, NOW - ROTATION + 1),
        hook.rotated(second, NOW - ROTATION),
    )

    both, alone, before = (
        signed_headers(each, "e1", b"{}", NOW)["webhook-signature"]
        for each in (lately, long_ago, hook)
    )

    assert both == f"{alone} {before}"
    assert alone != before


def test_a_rotation_that_is_repeated_takes_no_secret_away() -> None:
    hook = a_hook(secret="whsec_AA==")  # noqa: S106
    for secret in ("whsec_BB==", "whsec_CC=="):
        hook = hook.rotated(secret, NOW)

    assert [*hook.secrets(NOW)] == ["whsec_CC==", "whsec_BB==", "whsec_AA=="]


def test_a_secret_is_not_logged() -> None:
    hook = a_hook().rotated("whsec_new=", NOW)

    assert "whsec" not in repr(hook)


def test_every_change_of_a_job_has_an_event_type() -> None:
    asked = EventType.__value__.__args__

    assert asked == tuple(map(event_type, JobChange))
    assert event_type(JobChange.COMPLETED) == "job.completed"


@pytest.mark.parametrize(
    ("events", "wanted"), [((), True), (("job.completed",), True), (("job.failed",), False)]
)
def test_a_webhook_gets_the_events_it_subscribes_to(
    events: tuple[str, ...], *, wanted: bool
) -> None:
    assert a_hook(events=events).wants(EVENT) is wanted


def test_a_disabled_webhook_gets_no_events() -> None:
    assert not a_hook(disabled_at=NOW).wants(EVENT)


def test_attempts_continue_for_three_days_with_growing_delays() -> None:
    delivery: WebhookDelivery | None = WebhookDelivery("wh_1", EVENT)
    now, pauses = NOW, []
    while delivery is not None:
        following = delivery.after(BAD, now)
        if following is not None:
            pauses.append(following.due - now)
            now = following.due
        delivery = following

    assert pauses == [*RETRY_DELAYS]
    assert pauses == sorted(pauses)
    assert DISABLE_AFTER < sum(pauses) < DISABLE_AFTER + 24 * 3_600


@pytest.mark.parametrize("answer", [GOOD, GONE])
def test_delivered_and_permanently_failed_events_are_not_retried(answer: WebhookResponse) -> None:
    assert WebhookDelivery("wh_1", EVENT).after(answer, NOW) is None


def test_a_test_is_tried_once() -> None:
    assert WebhookDelivery("wh_1", EVENT._replace(type=TEST_EVENT)).after(BAD, NOW) is None


@pytest.mark.parametrize(
    ("status", "good"), [(200, True), (299, True), (199, False), (301, False), (None, False)]
)
def test_an_event_arrived_if_the_answer_is_2xx(status: int | None, *, good: bool) -> None:
    assert WebhookResponse(status, 0.1).succeeded is good


def test_one_that_fails_for_three_days_is_disabled() -> None:
    failing = a_hook().after_attempt(BAD, NOW)
    again = failing.after_attempt(BAD, NOW + DISABLE_AFTER - 1)
    given_up = again.after_attempt(BAD, NOW + DISABLE_AFTER)

    assert (failing.failing_since, failing.enabled) == (NOW, True)
    assert again is failing
    assert (given_up.enabled, given_up.disabled_why) == (
        False,
        "all attempts of three days failed",
    )


def test_a_success_restarts_the_three_days() -> None:
    recovered = a_hook().after_attempt(BAD, NOW).after_attempt(GOOD, NOW + DISABLE_AFTER - 1)

    assert recovered.failing_since is None
    assert recovered.after_attempt(BAD, NOW + DISABLE_AFTER).enabled
    assert recovered.after_attempt(GOOD, NOW + DISABLE_AFTER) is recovered


def test_a_410_disables_the_webhook_at_once() -> None:
    assert not a_hook().after_attempt(GONE, NOW).enabled


def test_a_success_enables_it_again() -> None:
    assert a_hook().after_attempt(GONE, NOW).after_attempt(GOOD, NOW + 1).enabled


def test_a_failure_of_one_that_is_disabled_changes_nothing() -> None:
    hook = a_hook(disabled_at=NOW)

    assert hook.after_attempt(BAD, NOW + 1) is hook
