"""Delivers events to webhooks: one delivery per webhook, retried until an attempt succeeds."""

import json
from dataclasses import dataclass
from typing import Final

from shoal.domain.addresses import LOOPBACK
from shoal.domain.audit_event import Action
from shoal.domain.webhook import (
    TEST_EVENT,
    DeliveryAttempt,
    Webhook,
    WebhookDelivery,
    WebhookEvent,
    WebhookResponse,
    signed_headers,
)
from shoal.ports.clock import Clock
from shoal.ports.webhooks import DeliveryQueue, WebhookPoster, WebhookStore
from shoal.service.audit_trail import AuditTrail
from shoal.service.job_updates import Update, read_from, update_over_version

LONGEST_DELAY: Final = 900.0
"""Most seconds for which the queue can delay a message; later deliveries are requeued."""
RETENTION_SECONDS: Final = 14 * 24 * 3_600
"""Seconds for which an attempt is stored."""


@dataclass(frozen=True, slots=True)
class WebhookDispatcher:
    """At-least-once delivery without order. With `local`, http://127.0.0.1 is allowed too."""

    webhooks: WebhookStore
    queue: DeliveryQueue
    poster: WebhookPoster
    audit_trail: AuditTrail
    clock: Clock
    local: bool

    def fan_out(self, event: WebhookEvent) -> int:
        """Enqueue a delivery for every subscribed webhook; return the number of deliveries."""
        subscribed = [
            webhook for webhook in self.webhooks.of_tenant(event.tenant) if webhook.wants(event)
        ]
        for webhook in subscribed:
            self.queue.send(WebhookDelivery(webhook.id, event), delay=0.0)
        return len(subscribed)

    def attempt(self, delivery: WebhookDelivery) -> WebhookResponse | None:
        """Post the event, record the attempt, and enqueue the next attempt if it failed.

        Returns None without an attempt if the delivery is not due or if its webhook was removed or
        disabled.
        """
        event, now = delivery.event, self.clock.now()
        webhook = self.webhooks.get(event.tenant, delivery.webhook_id)
        if webhook is None or not (webhook.enabled or event.type == TEST_EVENT):
            return None
        if delivery.due > now:
            self._send(delivery, now)
            return None
        body = _body(event)
        headers = signed_headers(webhook, event.id, body, now)
        answer = self.poster.post(webhook.url, headers, body, allowed=self._allowed)
        after = delivery.after(answer, now)
        self._record_outcome(webhook, answer)
        following = None if after is None else after.due
        self.webhooks.record_attempt(
            DeliveryAttempt(
                webhook.id, event.id, event.type, delivery.attempt, now, answer, following
            ),
            expires_at=int(now) + RETENTION_SECONDS,
        )
        if after is not None:
            self._send(after, now)
        return answer

    @property
    def _allowed(self) -> str | None:
        return LOOPBACK if self.local else None

    def _send(self, delivery: WebhookDelivery, now: float) -> None:
        self.queue.send(delivery, delay=max(0.0, min(LONGEST_DELAY, delivery.due - now)))

    def _record_outcome(self, webhook: Webhook, answer: WebhookResponse) -> None:
        """Update the webhook: it fails, it has recovered, or it is disabled."""

        def move(current: Webhook | None) -> Webhook | None:
            updated = current and current.after_attempt(answer, self.clock.now())
            return None if updated is current else updated

        update: Update[Webhook | None, Webhook] = update_over_version(
            read_from(webhook, lambda: self.webhooks.get(webhook.tenant, webhook.id)),
            move,
            self.webhooks.put,
            what=f"webhook {webhook.id}",
        )
        before, updated = update
        if before is not None and before.enabled and updated is not None and not updated.enabled:
            detail = {"webhook": webhook.id, "why": updated.disabled_why or ""}
            self.audit_trail.record_by_system(webhook.tenant, Action.WEBHOOK_DISABLE, detail)


def _body(event: WebhookEvent) -> bytes:
    body = {"type": event.type, "timestamp": event.at, "data": event.data}
    return json.dumps(body, separators=(",", ":")).encode()
