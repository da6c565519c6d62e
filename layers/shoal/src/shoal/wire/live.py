"""Messages of the live WebSocket, as documented in docs/reference/live.md."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from shoal.domain.live import Delta
from shoal.wire.fields import Time


class TicketBody(BaseModel):
    """A ticket that opens one WebSocket at `url?ticket=…` until `expires_at`."""

    model_config = ConfigDict(frozen=True)

    ticket: str
    url: str
    expires_at: Time


class _ClientMessageBody(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Subscribe(_ClientMessageBody):
    """Subscribe to a job, or to all jobs of the tenant."""

    action: Literal["subscribe"]
    job: str | None = Field(default=None, max_length=100)


class Unsubscribe(_ClientMessageBody):
    """Remove a subscription."""

    action: Literal["unsubscribe"]
    job: str | None = Field(default=None, max_length=100)


class Ping(_ClientMessageBody):
    """Keep the connection open; it is closed after ten idle minutes."""

    action: Literal["ping"]


type ClientMessage = Subscribe | Unsubscribe | Ping

_SAID: TypeAdapter[ClientMessage] = TypeAdapter(
    Annotated[ClientMessage, Field(discriminator="action")]
)


def read_client_message(text: str) -> ClientMessage:
    """Parse a message of a client; raise ValueError if it is invalid."""
    return _SAID.validate_json(text)


def subscribed_message(job_id: str | None) -> str:
    """Return the answer to `subscribe`; from now on the client can detect missed deltas."""
    return _dump({"type": "subscribed", "job_id": job_id})


def unsubscribed_message(job_id: str | None) -> str:
    """Return the answer to `unsubscribe`."""
    return _dump({"type": "unsubscribed", "job_id": job_id})


def pong_message() -> str:
    """Return the answer to `ping`."""
    return _dump({"type": "pong"})


def error_message(status: int, detail: str, job_id: str | None = None) -> str:
    """Return an error message."""
    return _dump({"type": "error", "status": status, "detail": detail, "job_id": job_id})


def delta_message(delta: Delta) -> str:
    """Return a delta as a message. Fields can be added but not renamed."""
    return _dump(
        {
            "type": "delta",
            "job_id": delta.job_id,
            "version": delta.version,
            "previous": delta.previous,
            "status": delta.status,
            "paused": delta.paused,
            "counts": delta.counts._asdict(),
        }
    )


def _dump(message: dict[str, Any]) -> str:
    return json.dumps(message, separators=(",", ":"))
