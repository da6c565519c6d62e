"""Bodies of webhooks."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from shoal.domain.webhook import DeliveryAttempt, Webhook
from shoal.wire.bodies import ResponseBody
from shoal.wire.fields import Time
from shoal.wire.times import rfc3339

type EventType = Literal[
    "job.submitted",
    "job.enqueued",
    "job.started",
    "job.paused",
    "job.resumed",
    "job.stopping",
    "job.completed",
    "job.failed",
    "job.cancelled",
    "job.retried",
    "job.deleted",
]


class WebhookSetting(BaseModel):
    """A webhook to create; without `events`, it receives all of them."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    url: Annotated[str, StringConstraints(min_length=1, max_length=2_048)]
    events: Annotated[list[EventType], Field(max_length=32)] = []
    description: Annotated[
        str, StringConstraints(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")
    ] = ""


class WebhookBody(ResponseBody):
    """A webhook without its secret, which is shown only on creation and rotation."""

    id: str
    url: str
    events: list[str]
    description: str
    created_at: Time
    enabled: bool
    failing_since: Time | None
    disabled_at: Time | None
    disabled_reason: str | None


class WebhookSecretBody(WebhookBody):
    """A webhook with its secret, which is shown only once."""

    secret: str


class WebhookListBody(ResponseBody):
    """The webhooks of a tenant, oldest first."""

    items: list[WebhookBody]
    next_token: str | None = None


class WebhookTestBody(ResponseBody):
    """The test event; the delivery log has its result."""

    event_id: str


class DeliveryBody(ResponseBody):
    """A delivery attempt: the response status or the error; `next_attempt_at` may be null."""

    event_id: str
    event_type: str
    attempt: int
    at: Time
    status_code: int | None
    duration: float
    error: str | None
    next_attempt_at: Time | None


class DeliveryListBody(ResponseBody):
    """The latest attempts, newest first."""

    items: list[DeliveryBody]
    next_token: str | None = None


def webhook_body(hook: Webhook) -> WebhookBody:
    """Return a webhook without its secret."""
    return WebhookBody(**_fields(hook))


def secret_body(hook: Webhook) -> WebhookSecretBody:
    """Return a webhook with its secret."""
    return WebhookSecretBody(**_fields(hook), secret=hook.secret)


def delivery_body(attempt: DeliveryAttempt) -> DeliveryBody:
    """Return the body of an attempt."""
    return DeliveryBody(
        event_id=attempt.event_id,
        event_type=attempt.event_type,
        attempt=attempt.number,
        at=rfc3339(attempt.at),
        status_code=attempt.response.status,
        duration=attempt.response.seconds,
        error=attempt.response.error,
        next_attempt_at=_time(attempt.next_at),
    )


def _fields(hook: Webhook) -> dict[str, Any]:
    return {
        "id": hook.id,
        "url": hook.url,
        "events": list(hook.events),
        "description": hook.description,
        "created_at": rfc3339(hook.created_at),
        "enabled": hook.enabled,
        "failing_since": _time(hook.failing_since),
        "disabled_at": _time(hook.disabled_at),
        "disabled_reason": hook.disabled_why,
    }


def _time(seconds: float | None) -> str | None:
    return None if seconds is None else rfc3339(seconds)
