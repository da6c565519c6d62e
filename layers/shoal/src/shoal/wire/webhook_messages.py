"""Messages of the webhook delivery queue."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from shoal.domain.job_event import JobChange
from shoal.domain.webhook import WebhookDelivery, WebhookEvent, event_type

_DELIVERY: Final = "delivery"


def delivery_message(delivery: WebhookDelivery) -> str:
    """Return a delivery as a message."""
    said = {
        "webhook": delivery.webhook_id,
        "event": delivery.event._asdict(),
        "attempt": delivery.attempt,
        "due": delivery.due,
    }
    return json.dumps({_DELIVERY: said}, separators=(",", ":"))


def read_message(text: str) -> WebhookDelivery | WebhookEvent:
    """Parse a message: a delivery, or an event from EventBridge.

    Raises ValueError, KeyError or TypeError for any other text.
    """
    said = json.loads(text)
    if _DELIVERY in said:
        each = said[_DELIVERY]
        return WebhookDelivery(
            each["webhook"], WebhookEvent(**each["event"]), each["attempt"], each["due"]
        )
    detail: Mapping[str, Any] = said["detail"]
    return WebhookEvent(
        id=str(detail["event_id"]),
        type=event_type(JobChange(said["detail-type"])),
        at=str(said["time"]),
        tenant=str(detail["tenant"]),
        data=detail,
    )
