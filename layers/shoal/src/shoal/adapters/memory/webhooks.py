"""Webhooks and deliveries in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from shoal.domain.errors import WriteConflict
from shoal.domain.webhook import DeliveryAttempt, Webhook, WebhookDelivery, WebhookResponse


class MemoryWebhookStore:
    """Webhooks by tenant and id."""

    def __init__(self) -> None:
        self._hooks: dict[tuple[str, str], Webhook] = {}
        self._attempts: dict[tuple[str, str], DeliveryAttempt] = {}
        self._removed: set[tuple[str, str]] = set()

    def get(self, tenant: str, webhook_id: str) -> Webhook | None:
        return self._hooks.get((tenant, webhook_id))

    def of_tenant(self, tenant: str) -> Sequence[Webhook]:
        return [hook for hook in self._hooks.values() if hook.tenant == tenant]

    def put(self, webhook: Webhook) -> None:
        key = webhook.tenant, webhook.id
        known = self._hooks.get(key)
        if (0 if known is None else known.version) != webhook.version - 1:
            raise WriteConflict(webhook.id)
        self._hooks[key] = webhook

    def remove(self, tenant: str, webhook_id: str, *, remembered_until: int) -> bool:
        del remembered_until
        if self._hooks.pop((tenant, webhook_id), None) is not None:
            self._removed.add((tenant, webhook_id))
        return (tenant, webhook_id) in self._removed

    def record_attempt(self, attempt: DeliveryAttempt, *, expires_at: int) -> None:
        del expires_at
        self._attempts.setdefault((attempt.webhook_id, attempt.place), attempt)

    def attempts(self, webhook_id: str, *, limit: int) -> Sequence[DeliveryAttempt]:
        found = [each for each in self._attempts.values() if each.webhook_id == webhook_id]
        return sorted(found, key=lambda each: each.place, reverse=True)[:limit]


class MemoryDeliveryQueue:
    """Messages, each with its delay in seconds."""

    def __init__(self) -> None:
        self.sent: list[tuple[WebhookDelivery, float]] = []

    def send(self, delivery: WebhookDelivery, *, delay: float) -> None:
        self.sent.append((delivery, delay))

    def take(self) -> list[tuple[WebhookDelivery, float]]:
        """Remove and return all messages."""
        taken, self.sent = self.sent, []
        return taken


class Posted(NamedTuple):
    """A request to an endpoint."""

    url: str
    headers: Mapping[str, str]
    body: bytes


class MemoryWebhookPoster:
    """Endpoints whose responses `answer` defines."""

    def __init__(self) -> None:
        self.answer = WebhookResponse(200, 0.25)
        self.posted: list[Posted] = []

    def post(
        self, url: str, headers: Mapping[str, str], body: bytes, *, allowed: str | None
    ) -> WebhookResponse:
        del allowed
        self.posted.append(Posted(url, headers, body))
        return self.answer
