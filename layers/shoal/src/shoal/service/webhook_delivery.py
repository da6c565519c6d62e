"""How events reach webhooks: spread to those that want them, then tried until one attempt does."""

import json
from dataclasses import dataclass
from typing import Final

from shoal.domain.addresses import LOOPBACK
from shoal.domain.audit_event import Action
from shoal.domain.errors import WriteConflict
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

LONGEST_DELAY: Final = 900.0
"""Seconds for which the queue can hide a message; what is due later is sent again on its way."""
KEPT: Final = 14 * 24 * 3_600
"""Seconds for which the log keeps an attempt."""
TRIES: Final = 20


@dataclass(frozen=True, slots=True)
class WebhookDispatcher:
    """At least once, in no order. With `local`, http://127.0.0.1 may be told too."""

    webhooks: WebhookStore
    queue: DeliveryQueue
    poster: WebhookPoster
    audit_trail: AuditTrail
    clock: Clock
    local: bool

    def fan_out(self, event: WebhookEvent) -> int:
        """Send it on its way to every webhook that wants it; how many do."""
        wanting = [hook for hook in self.webhooks.of_tenant(event.tenant) if hook.wants(event)]
        for hook in wanting:
            self.queue.send(WebhookDelivery(hook.id, event), delay=0.0)
        return len(wanting)

    def attempt(self, delivery: WebhookDelivery) -> WebhookResponse | None:
        """Try it, note what came of it, and send it again for later if it failed.

        None if nothing was tried: it is not due, its webhook is gone, or is disabled.
        """
        event, now = delivery.event, self.clock.now()
        hook = self.webhooks.get(event.tenant, delivery.webhook_id)
        if hook is None or not (hook.enabled or event.type == TEST_EVENT):
            return None
        if delivery.due > now:
            self._send(delivery, now)
            return None
        body = _body(event)
        headers = signed_headers(hook, event.id, body, now)
        answer = self.poster.post(hook.url, headers, body, allowed=self._allowed)
        after = delivery.after(answer, now)
        self._record_outcome(hook, answer)
        following = None if after is None else after.due
        self.webhooks.record_attempt(
            DeliveryAttempt(
                hook.id, event.id, event.type, delivery.attempt, now, answer, following
            ),
            expires_at=int(now) + KEPT,
        )
        if after is not None:
            self._send(after, now)
        return answer

    @property
    def _allowed(self) -> str | None:
        return LOOPBACK if self.local else None

    def _send(self, delivery: WebhookDelivery, now: float) -> None:
        self.queue.send(delivery, delay=max(0.0, min(LONGEST_DELAY, delivery.due - now)))

    def _record_outcome(self, hook: Webhook, answer: WebhookResponse) -> None:
        """Note on the webhook that it fails, that it does no more, or that it is given up."""
        found: Webhook | None = hook
        for _ in range(TRIES):
            if found is None:
                return
            told = found.after_attempt(answer, self.clock.now())
            if told is found:
                return
            try:
                self.webhooks.put(told)
            except WriteConflict:
                found = self.webhooks.get(hook.tenant, hook.id)
                continue
            if found.enabled and not told.enabled:
                about = {"webhook": hook.id, "why": told.disabled_why or ""}
                self.audit_trail.record_by_system(hook.tenant, Action.WEBHOOK_DISABLE, about)
            return


def _body(event: WebhookEvent) -> bytes:
    told = {"type": event.type, "timestamp": event.at, "data": event.data}
    return json.dumps(told, separators=(",", ":")).encode()
