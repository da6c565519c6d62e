"""Webhooks by the Standard Webhooks specification: endpoints, signatures, delivery attempts.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple

from shoal.domain.job_event import JobChange

MOST_WEBHOOKS: Final = 10
"""Maximum number of webhooks of a tenant."""
SHOWN: Final = 100
"""Delivery attempts in the log of a webhook."""
SECRET_BYTES: Final = 32
ROTATION: Final = 24 * 3_600.0
"""Seconds for which a rotated secret is still used for signing."""
_MOST_OLD: Final = 4
DISABLE_AFTER: Final = 3 * 24 * 3_600.0
"""Seconds of failures after which a webhook is disabled."""
TEST_EVENT: Final = "webhook.test"
_PREFIX: Final = "whsec_"
_HOUR: Final = 3_600.0
RETRY_DELAYS: Final = (
    5.0,
    300.0,
    1_800.0,
    2 * _HOUR,
    5 * _HOUR,
    10 * _HOUR,
    14 * _HOUR,
    20 * _HOUR,
    24 * _HOUR,
)
"""Delays between attempts in seconds."""
_GONE: Final = 410
_FIRST_GOOD: Final = 200
_FIRST_OTHER: Final = 300


def event_type(change: JobChange) -> str:
    """Return the webhook event type of a change: `Job Completed` is `job.completed`."""
    return f"job.{change.name.lower()}"


class WebhookEvent(NamedTuple):
    """An event to deliver; `at` is its time as RFC 3339. The id identifies the event."""

    id: str
    type: str
    at: str
    tenant: str
    data: Mapping[str, Any]


class OldSecret(NamedTuple):
    """A rotated secret, and the end of its use for signing."""

    secret: str = ""
    until: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """A webhook of a tenant. Without `events`, it receives all of them. Times are in seconds.

    `failing_since` is the time of the first failure since the last success. `unknown` has what a
    later version of the code wrote.
    """

    id: str
    tenant: str
    url: str
    secret: str = field(repr=False)
    created_at: float
    events: tuple[str, ...] = ()
    description: str = ""
    old: tuple[OldSecret, ...] = field(default=(), repr=False)
    failing_since: float | None = None
    disabled_at: float | None = None
    disabled_why: str | None = None
    unknown: Mapping[str, Any] = field(default_factory=dict)
    version: int = 1

    @property
    def enabled(self) -> bool:
        """Whether the webhook is enabled."""
        return self.disabled_at is None

    def wants(self, event: WebhookEvent) -> bool:
        """Return whether the webhook receives the event."""
        return self.enabled and (not self.events or event.type in self.events)

    def secrets(self, now: float) -> Iterator[str]:
        """Return the active secrets, newest first."""
        yield self.secret
        yield from (each.secret for each in self.old if each.until > now)

    def rotated(self, secret: str, now: float) -> Webhook:
        """Return the webhook with a new secret. The previous secret stays active for a day."""
        old = (OldSecret(self.secret, now + ROTATION), *self.old)
        alive = tuple(each for each in old if each.until > now)[:_MOST_OLD]
        return replace(self, secret=secret, old=alive, version=self.version + 1)

    def after_attempt(self, response: WebhookResponse, now: float) -> Webhook:
        """Return the webhook after an attempt; the same object if nothing changes."""
        if response.succeeded:
            if self.failing_since is None and self.enabled:
                return self
            return self._changed(failing_since=None, disabled_at=None, disabled_why=None)
        if not self.enabled:
            return self
        since = now if self.failing_since is None else self.failing_since
        if response.status == _GONE:
            why = "the endpoint answered 410 Gone"
            return self._changed(failing_since=since, disabled_at=now, disabled_why=why)
        if now - since >= DISABLE_AFTER:
            why = "all attempts of three days failed"
            return self._changed(failing_since=since, disabled_at=now, disabled_why=why)
        return self if self.failing_since is not None else self._changed(failing_since=since)

    def _changed(self, **fields: Any) -> Webhook:
        return replace(self, **fields, version=self.version + 1)


class WebhookResponse(NamedTuple):
    """The response of an endpoint: a status or an error, and the duration in seconds."""

    status: int | None
    seconds: float
    error: str | None = None

    @property
    def succeeded(self) -> bool:
        """Whether the event was delivered."""
        return self.status is not None and _FIRST_GOOD <= self.status < _FIRST_OTHER


@dataclass(frozen=True, slots=True)
class WebhookDelivery:
    """A pending delivery of an event to a webhook: the attempt and its earliest time."""

    webhook_id: str
    event: WebhookEvent
    attempt: int = 1
    due: float = 0.0

    def after(self, response: WebhookResponse, now: float) -> WebhookDelivery | None:
        """Return the next attempt, if any. A test event has only one attempt."""
        over = response.succeeded or response.status == _GONE or self.attempt > len(RETRY_DELAYS)
        if over or self.event.type == TEST_EVENT:
            return None
        return replace(self, attempt=self.attempt + 1, due=now + RETRY_DELAYS[self.attempt - 1])


@dataclass(frozen=True, slots=True)
class DeliveryAttempt:
    """The log entry of a delivery attempt; times are in seconds since the epoch."""

    webhook_id: str
    event_id: str
    event_type: str
    number: int
    at: float
    response: WebhookResponse
    next_at: float | None

    @property
    def place(self) -> str:
        """A sort key: by time."""
        return f"{self.at:017.6f}/{self.event_id}/{self.number:02d}"


def new_secret(entropy: bytes) -> str:
    """Return a secret made of the random bytes."""
    return _PREFIX + base64.b64encode(entropy).decode()


def signed_headers(hook: Webhook, event_id: str, body: bytes, now: float) -> Mapping[str, str]:
    """Return the headers with which a receiver verifies origin and age of the body."""
    stamp = str(int(now))
    signed = f"{event_id}.{stamp}.".encode() + body
    signatures = (_signature(secret, signed) for secret in hook.secrets(now))
    return {
        "content-type": "application/json",
        "webhook-id": event_id,
        "webhook-timestamp": stamp,
        "webhook-signature": " ".join(signatures),
    }


def _signature(secret: str, signed: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(_PREFIX))
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
