"""Manages the webhooks of a tenant."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from shoal.domain import ids
from shoal.domain.addresses import checked_url
from shoal.domain.errors import (
    IdempotencyConflict,
    LimitReached,
    WebhookNotFound,
    WriteConflict,
)
from shoal.domain.job import DAY
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
from shoal.service.job_updates import Update, update_over_version
from shoal.wire.times import rfc3339

REMEMBERED_SECONDS: Final = DAY
"""How long a repeated removal is answered as the first."""


@dataclass(frozen=True, slots=True)
class Webhooks:
    """The webhooks of a tenant. With `local`, http://127.0.0.1 is allowed too."""

    webhooks: WebhookStore
    queue: DeliveryQueue
    clock: Clock
    entropy: Entropy
    local: bool

    def add(
        self, tenant: str, url: str, events: Sequence[str], description: str, *, key: str | None
    ) -> tuple[Webhook, bool]:
        """Add a webhook; return it, and whether an earlier request with the same key added it.

        Raises LimitReached if the tenant has the maximum number, and IdempotencyConflict if the key
        was used for another request or the webhook's secret has been rotated since.
        """
        checked_url(url, local=self.local)
        now = self.clock.now()
        webhook = Webhook(
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
        before = next((each for each in known if each.id == webhook.id), None)
        if before is not None:
            return _same(before, webhook), True
        if len(known) >= MOST_WEBHOOKS:
            raise LimitReached(
                "webhooks",
                f"{len(known)} webhooks exist; the maximum is {MOST_WEBHOOKS}",
                RETRY_AFTER_SECONDS,
            )
        try:
            self.webhooks.put(webhook)
        except WriteConflict:  # a concurrent equal request was first
            return _same(self.get(tenant, webhook.id), webhook), True
        return webhook, False

    def of_tenant(self, tenant: str) -> Sequence[Webhook]:
        """Return the webhooks of a tenant, oldest first."""
        return sorted(
            self.webhooks.of_tenant(tenant), key=lambda webhook: (webhook.created_at, webhook.id)
        )

    def get(self, tenant: str, webhook_id: str) -> Webhook:
        """Return a webhook; raise WebhookNotFound."""
        webhook = self.webhooks.get(tenant, webhook_id)
        if webhook is None:
            raise WebhookNotFound(webhook_id)
        return webhook

    def remove(self, tenant: str, webhook_id: str) -> None:
        """Remove a webhook.

        Raises WebhookNotFound unless it exists or was removed in the last day.
        """
        until = int(self.clock.now()) + REMEMBERED_SECONDS
        if not self.webhooks.remove(tenant, webhook_id, remembered_until=until):
            raise WebhookNotFound(webhook_id)

    def rotate(self, tenant: str, webhook_id: str) -> Webhook:
        """Replace the secret. Old ones also sign events for a day, so a repeat is harmless."""
        update: Update[Webhook, Webhook] = update_over_version(
            lambda: self.get(tenant, webhook_id),
            lambda webhook: webhook.rotated(self._secret(), self.clock.now()),
            self.webhooks.put,
            what=f"webhook {webhook_id}",
        )
        return update.moved or update.row

    def test(self, tenant: str, webhook_id: str) -> WebhookEvent:
        """Send a test event once; success re-enables the webhook."""
        webhook, now = self.get(tenant, webhook_id), self.clock.now()
        name = f"test_{ids.webhook_id(now, self.entropy.bytes()).removeprefix('wh_')}"
        event = WebhookEvent(name, TEST_EVENT, rfc3339(now), tenant, {"webhook_id": webhook.id})
        self.queue.send(WebhookDelivery(webhook.id, event), delay=0.0)
        return event

    def attempts(self, tenant: str, webhook_id: str) -> Sequence[DeliveryAttempt]:
        """Return the latest delivery attempts, newest first; raise WebhookNotFound."""
        return self.webhooks.attempts(self.get(tenant, webhook_id).id, limit=SHOWN)

    def _secret(self) -> str:
        drawn = b"".join(self.entropy.bytes() for _ in range(-(-SECRET_BYTES // 10)))
        return new_secret(drawn[:SECRET_BYTES])


def _same(before: Webhook, requested: Webhook) -> Webhook:
    existing = before.url, before.events, before.description, bool(before.old)
    if existing != (requested.url, requested.events, requested.description, False):
        raise IdempotencyConflict
    return before
