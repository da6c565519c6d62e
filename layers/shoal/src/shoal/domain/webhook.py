"""Webhooks by the Standard Webhooks specification: endpoints, signatures, attempts.

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
"""Webhooks of a tenant."""
SHOWN: Final = 100
"""Attempts of a webhook that its log shows."""
SECRET_BYTES: Final = 32
ROTATION: Final = 24 * 3_600.0
"""Seconds for which a secret that was replaced still signs."""
_MOST_OLD: Final = 4
DISABLE_AFTER: Final = 3 * 24 * 3_600.0
"""Seconds of nothing but failures after which a webhook is disabled."""
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
"""Seconds between one attempt and the next."""
_GONE: Final = 410
_FIRST_GOOD: Final = 200
_FIRST_OTHER: Final = 300


def event_type(change: JobChange) -> str:
    """What a webhook calls a change of a job: `Job Completed` is `job.completed`."""
    return f"job.{change.name.lower()}"


class WebhookEvent(NamedTuple):
    """Something to tell; `at` is when it happened, as RFC 3339. An id stands for one event."""

    id: str
    type: str
    at: str
    tenant: str
    data: Mapping[str, Any]


class OldSecret(NamedTuple):
    """One that was replaced, and until when it signs."""

    secret: str = ""
    until: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """Where a tenant wants to be told of events; of all, if `events` names none. Times in seconds.

    `failing_since` is the first failure after which nothing succeeded.
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
    version: int = 1

    @property
    def enabled(self) -> bool:
        """Whether events are sent there."""
        return self.disabled_at is None

    def wants(self, event: WebhookEvent) -> bool:
        """Whether the event is to be sent there."""
        return self.enabled and (not self.events or event.type in self.events)

    def secrets(self, now: float) -> Iterator[str]:
        """Those that sign, the newest first."""
        yield self.secret
        yield from (each.secret for each in self.old if each.until > now)

    def rotated(self, secret: str, now: float) -> Webhook:
        """The same with a new secret. The one before signs for a day more."""
        old = (OldSecret(self.secret, now + ROTATION), *self.old)
        alive = tuple(each for each in old if each.until > now)[:_MOST_OLD]
        return replace(self, secret=secret, old=alive, version=self.version + 1)

    def after_attempt(self, response: WebhookResponse, now: float) -> Webhook:
        """The same after an attempt; itself if nothing changes."""
        if response.succeeded:
            if self.failing_since is None and self.enabled:
                return self
            return self._changed(failing_since=None, disabled_at=None, disabled_why=None)
        if not self.enabled:
            return self
        since = now if self.failing_since is None else self.failing_since
        if response.status == _GONE:
            why = "it answered 410 Gone"
            return self._changed(failing_since=since, disabled_at=now, disabled_why=why)
        if now - since >= DISABLE_AFTER:
            why = "every attempt of three days failed"
            return self._changed(failing_since=since, disabled_at=now, disabled_why=why)
        return self if self.failing_since is not None else self._changed(failing_since=since)

    def _changed(self, **fields: Any) -> Webhook:
        return replace(self, **fields, version=self.version + 1)


class WebhookResponse(NamedTuple):
    """What an endpoint answered within so many seconds: a status, or what went wrong."""

    status: int | None
    seconds: float
    error: str | None = None

    @property
    def succeeded(self) -> bool:
        """Whether the event arrived."""
        return self.status is not None and _FIRST_GOOD <= self.status < _FIRST_OTHER


@dataclass(frozen=True, slots=True)
class WebhookDelivery:
    """An event on its way to a webhook: its attempt, and not before when, in seconds."""

    webhook_id: str
    event: WebhookEvent
    attempt: int = 1
    due: float = 0.0

    def after(self, response: WebhookResponse, now: float) -> WebhookDelivery | None:
        """The next attempt; None if there is none any more. A test is tried once."""
        over = response.succeeded or response.status == _GONE or self.attempt > len(RETRY_DELAYS)
        if over or self.event.type == TEST_EVENT:
            return None
        return replace(self, attempt=self.attempt + 1, due=now + RETRY_DELAYS[self.attempt - 1])


@dataclass(frozen=True, slots=True)
class DeliveryAttempt:
    """What came of an attempt, as the log keeps it; times in seconds."""

    webhook_id: str
    event_id: str
    event_type: str
    number: int
    at: float
    response: WebhookResponse
    next_at: float | None

    @property
    def place(self) -> str:
        """Sorts by time."""
        return f"{self.at:017.6f}/{self.event_id}/{self.number:02d}"


def new_secret(entropy: bytes) -> str:
    """A secret of so many random bytes."""
    return _PREFIX + base64.b64encode(entropy).decode()


def signed_headers(hook: Webhook, event_id: str, body: bytes, now: float) -> Mapping[str, str]:
    """The headers that let a receiver know that the body is ours, and new."""
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
