"""What crosses a WebSocket of the live API, as docs/reference/live.md describes it."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from shoal.domain.live import Delta
from shoal.wire.fields import Time


class TicketBody(BaseModel):
    """A secret that opens one WebSocket at `url`, in its query as `ticket`, until `expires_at`."""

    model_config = ConfigDict(frozen=True)

    ticket: str
    url: str
    expires_at: Time


class _ClientMessageBody(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Subscribe(_ClientMessageBody):
    """Tell me of a job; without one, of all jobs of my tenant."""

    action: Literal["subscribe"]
    job: str | None = Field(default=None, max_length=100)


class Unsubscribe(_ClientMessageBody):
    """Tell me of it no longer."""

    action: Literal["unsubscribe"]
    job: str | None = Field(default=None, max_length=100)


class Ping(_ClientMessageBody):
    """Keep the connection from idling; it is closed after ten minutes without a word."""

    action: Literal["ping"]


type ClientMessage = Subscribe | Unsubscribe | Ping

_SAID: TypeAdapter[ClientMessage] = TypeAdapter(
    Annotated[ClientMessage, Field(discriminator="action")]
)


def read_client_message(text: str) -> ClientMessage:
    """What a client sent; raise ValueError if it is nothing that is understood."""
    return _SAID.validate_json(text)


def subscribed_message(job_id: str | None) -> str:
    """The answer to `subscribe`: from now on the client misses nothing that it cannot notice."""
    return _dump({"type": "subscribed", "job_id": job_id})


def unsubscribed_message(job_id: str | None) -> str:
    """The answer to `unsubscribe`."""
    return _dump({"type": "unsubscribed", "job_id": job_id})


def pong_message() -> str:
    """The answer to `ping`."""
    return _dump({"type": "pong"})


def error_message(status: int, detail: str, job_id: str | None = None) -> str:
    """The answer to what cannot be done."""
    return _dump({"type": "error", "status": status, "detail": detail, "job_id": job_id})


def delta_message(delta: Delta) -> str:
    """How a job stands. Fields may be added, none is renamed."""
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
