"""What a tenant does with its webhooks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from shoal.domain import ids
from shoal.domain.addresses import checked_url
from shoal.domain.errors import (
    IdempotencyConflict,
    LimitReached,
    Unavailable,
    WebhookNotFound,
    WriteConflict,
)
from shoal.domain.limits import RETRY_AFTER_SECONDS
from shoal.domain.webhook import (
    MOST_WEBHOOKS,
    SECRET_BYTES,
    SHOWN,
    TEST_EVENT,
    DeliveryAttempt,
    Webhook,
    WebhookDelivery,
    WebhookEvent,
    new_secret,
)
from shoal.ports.clock import Clock, Entropy
from shoal.ports.webhooks import DeliveryQueue, WebhookStore
from shoal.wire.times import rfc3339

TRIES: Final = 20


@dataclass(frozen=True, slots=True)
class Webhooks:
    """Another tenant's do not exist. With `local`, http://127.0.0.1 may be told too."""

    webhooks: WebhookStore
    queue: DeliveryQueue
    clock: Clock
    entropy: Entropy
    local: bool

    def add(
        self, tenant: str, url: str, events: Sequence[str], description: str, *, key: str | None
    ) -> tuple[Webhook, bool]:
        """A new webhook, and whether an earlier request of the same key had made it.

        Raises LimitReached if the tenant has enough, and IdempotencyConflict for a key of another
        request, or of a webhook whose secret was replaced since.
        """
        checked_url(url, local=self.local)
        now = self.clock.now()
        hook = Webhook(
            id=ids.webhook_id(now, self.entropy.bytes())
            if key is None
            else ids.keyed_webhook_id(tenant, key),
            tenant=tenant,
            url=url,
            secret=self._secret(),
            created_at=now,
            events=tuple(sorted(set(events))),
            description=description,
        )
        known = self.webhooks.of_tenant(tenant)
        before = next((each for each in known if each.id == hook.id), None)
        if before is not None:
            return _same(before, hook), True
        if len(known) >= MOST_WEBHOOKS:
            raise LimitReached(
                "webhooks",
                f"{len(known)} webhooks, of at most {MOST_WEBHOOKS}",
                RETRY_AFTER_SECONDS,
            )
        try:
            self.webhooks.put(hook)
        except WriteConflict:  # the same request, at the same time
            return _same(self.get(tenant, hook.id), hook), True
        return hook, False

    def of_tenant(self, tenant: str) -> Sequence[Webhook]:
        """A tenant's, oldest first."""
        return sorted(self.webhooks.of_tenant(tenant), key=lambda hook: (hook.created_at, hook.id))

    def get(self, tenant: str, webhook_id: str) -> Webhook:
        """One of them; raise WebhookNotFound."""
        hook = self.webhooks.get(tenant, webhook_id)
        if hook is None:
            raise WebhookNotFound(webhook_id)
        return hook

    def remove(self, tenant: str, webhook_id: str) -> None:
        """Tell it nothing any more; raise WebhookNotFound."""
        if not self.webhooks.remove(tenant, webhook_id):
            raise WebhookNotFound(webhook_id)

    def rotate(self, tenant: str, webhook_id: str) -> Webhook:
        """Give it a new secret. Those before sign beside it for a day, so a repeat harms nobody."""
        for _ in range(TRIES):
            hook = self.get(tenant, webhook_id).rotated(self._secret(), self.clock.now())
            try:
                self.webhooks.put(hook)
            except WriteConflict:
                continue
            return hook
        raise Unavailable(f"webhook {webhook_id} is written by too many at once")

    def test(self, tenant: str, webhook_id: str) -> WebhookEvent:
        """Send it an event that says nothing, once; if that arrives, it is enabled again."""
        hook, now = self.get(tenant, webhook_id), self.clock.now()
        name = f"test_{ids.webhook_id(now, self.entropy.bytes()).removeprefix('wh_')}"
        event = WebhookEvent(name, TEST_EVENT, rfc3339(now), tenant, {"webhook_id": hook.id})
        self.queue.send(WebhookDelivery(hook.id, event), delay=0.0)
        return event

    def attempts(self, tenant: str, webhook_id: str) -> Sequence[DeliveryAttempt]:
        """The last ones, newest first; raise WebhookNotFound."""
        return self.webhooks.attempts(self.get(tenant, webhook_id).id, limit=SHOWN)

    def _secret(self) -> str:
        drawn = b"".join(self.entropy.bytes() for _ in range(-(-SECRET_BYTES // 10)))
        return new_secret(drawn[:SECRET_BYTES])


def _same(before: Webhook, asked: Webhook) -> Webhook:
    said = before.url, before.events, before.description, bool(before.old)
    if said != (asked.url, asked.events, asked.description, False):
        raise IdempotencyConflict
    return before
