"""Storage and delivery of webhooks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from shoal.domain.webhook import DeliveryAttempt, Webhook, WebhookDelivery, WebhookResponse


class WebhookStore(Protocol):
    """Webhooks of tenants, and the log of delivery attempts."""

    def get(self, tenant: str, webhook_id: str) -> Webhook | None:
        """Return the current webhook."""

    def of_tenant(self, tenant: str) -> Sequence[Webhook]:
        """Return all webhooks of a tenant, in any order."""

    def put(self, webhook: Webhook) -> None:
        """Write it over its previous version; raise WriteConflict if another write came first."""

    def remove(self, tenant: str, webhook_id: str, *, remembered_until: int) -> bool:
        """Delete it; return whether it existed, or was removed and is still remembered."""

    def record_attempt(self, attempt: DeliveryAttempt, *, expires_at: int) -> None:
        """Write an attempt, once: the first with its place stays."""

    def attempts(self, webhook_id: str, *, limit: int) -> Sequence[DeliveryAttempt]:
        """Return the latest attempts, newest first."""


class DeliveryQueue(Protocol):
    """The queue of pending deliveries."""

    def send(self, delivery: WebhookDelivery, *, delay: float) -> None:
        """Send a message that becomes visible after a delay in seconds, at most 900."""


class WebhookPoster(Protocol):
    """The HTTP endpoints of webhooks."""

    def post(
        self, url: str, headers: Mapping[str, str], body: bytes, *, allowed: str | None
    ) -> WebhookResponse:
        """POST to an endpoint and return its response; only public addresses are allowed."""
