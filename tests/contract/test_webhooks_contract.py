from dataclasses import replace

import pytest

from shoal.domain.errors import WriteConflict
from shoal.domain.ids import keyed_webhook_id
from shoal.domain.webhook import DeliveryAttempt, Webhook, WebhookResponse
from tests.contract.examples import EXPIRES_AT, NOW, fresh_id
from tests.contract.port_sets import Ports


def a_webhook(tenant: str | None = None) -> Webhook:
    return Webhook(
        id=keyed_webhook_id("contract", fresh_id()),
        tenant=tenant or fresh_id(),
        url="https://example.com/ünïcode",
        secret="whsec_QQ==",  # noqa: S106 - of nothing
        created_at=NOW,
        events=("job.completed", "job.failed"),
        description="ops",
    )


def an_attempt(webhook_id: str, number: int, *, at: float = NOW) -> DeliveryAttempt:
    answer = WebhookResponse(None, 1.5, "no response in time")
    return DeliveryAttempt(
        webhook_id, "job_1.6.completed", "job.completed", number, at, answer, at + 5
    )


def test_a_webhook_is_found_only_by_its_tenant(ports: Ports) -> None:
    hook = a_webhook()

    ports.webhooks.put(hook)

    assert ports.webhooks.get(hook.tenant, hook.id) == hook
    assert [*ports.webhooks.of_tenant(hook.tenant)] == [hook]
    assert ports.webhooks.get("another", hook.id) is None
    assert [*ports.webhooks.of_tenant(f"{hook.tenant}-2")] == []


def test_all_of_it_is_kept(ports: Ports) -> None:
    hook = a_webhook()
    full = replace(
        hook.rotated("whsec_Qg==", NOW), failing_since=NOW, disabled_at=NOW + 1, disabled_why="gone"
    )

    ports.webhooks.put(hook)
    ports.webhooks.put(full)

    assert ports.webhooks.get(hook.tenant, hook.id) == full


def test_one_of_two_concurrent_writes_conflicts(ports: Ports) -> None:
    hook = a_webhook()
    ports.webhooks.put(hook)

    with pytest.raises(WriteConflict):
        ports.webhooks.put(hook)
    ports.webhooks.put(hook.rotated("whsec_Qg==", NOW))
    with pytest.raises(WriteConflict):
        ports.webhooks.put(hook.rotated("whsec_Qw==", NOW))


def test_one_that_was_removed_is_not_brought_back_by_a_late_write(ports: Ports) -> None:
    hook = a_webhook()
    ports.webhooks.put(hook)

    for _ in range(2):  # a repeated request is answered as the first
        assert ports.webhooks.remove(hook.tenant, hook.id, remembered_until=EXPIRES_AT)
    assert not ports.webhooks.remove("another", hook.id, remembered_until=EXPIRES_AT)
    with pytest.raises(WriteConflict):
        ports.webhooks.put(hook.rotated("whsec_Qg==", NOW))
    assert ports.webhooks.get(hook.tenant, hook.id) is None


def test_the_log_has_the_last_attempts_newest_first(ports: Ports) -> None:
    hook = a_webhook()
    attempts = [an_attempt(hook.id, number, at=NOW + number) for number in range(5)]
    for attempt in attempts:
        ports.webhooks.record_attempt(attempt, expires_at=EXPIRES_AT)

    assert [*ports.webhooks.attempts(hook.id, limit=3)] == attempts[:1:-1]
    assert [*ports.webhooks.attempts(fresh_id(), limit=3)] == []


def test_an_attempt_that_is_noted_again_stays_as_it_was(ports: Ports) -> None:
    hook = a_webhook()
    first = an_attempt(hook.id, 1)
    second = replace(first, response=WebhookResponse(200, 0.1))

    for attempt in (first, second):
        ports.webhooks.record_attempt(attempt, expires_at=EXPIRES_AT)

    assert [*ports.webhooks.attempts(hook.id, limit=3)] == [first]
