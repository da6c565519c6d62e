"""Where webhooks are kept, and the way to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from shoal.domain.webhook import DeliveryAttempt, Webhook, WebhookDelivery, WebhookResponse


class WebhookStore(Protocol):
    """Webhooks of tenants, and the log of attempts to tell them."""

    def get(self, tenant: str, webhook_id: str) -> Webhook | None:
        """The webhook as it now is."""

    def of_tenant(self, tenant: str) -> Sequence[Webhook]:
        """All of a tenant's, in any order."""

    def put(self, webhook: Webhook) -> None:
        """Write it over the version before; raise WriteConflict if that is not there."""

    def remove(self, tenant: str, webhook_id: str) -> bool:
        """Forget it; whether there was one."""

    def record_attempt(self, attempt: DeliveryAttempt, *, expires_at: int) -> None:
        """Write an attempt, once: the first of its place stays."""

    def attempts(self, webhook_id: str, *, limit: int) -> Sequence[DeliveryAttempt]:
        """The last ones, newest first."""


class DeliveryQueue(Protocol):
    """Where events wait to be told to webhooks."""

    def send(self, delivery: WebhookDelivery, *, delay: float) -> None:
        """Let it be seen after so many seconds, at most 900."""


class WebhookPoster(Protocol):
    """The endpoints of the world."""

    def post(
        self, url: str, headers: Mapping[str, str], body: bytes, *, allowed: str | None
    ) -> WebhookResponse:
        """What an endpoint answers: to nobody but the public internet and the allowed address."""
