"""The I/O that a flow requests. The client's logic yields these values and performs no I/O itself.

A flow is a generator. It yields an effect and receives the effect's result; if the effect fails,
the transport throws `Unreachable` into the flow. The synchronous and the asynchronous client run
the same flows and differ only in their transport.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

type Effect = HttpRequest | Sleep | OpenSocket | SendText | ReceiveText | CloseSocket
type Flow[T] = Generator[Effect, Any, T]


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One HTTP request. If it is not `repeatable`, sending it twice would do its work twice."""

    method: str
    url: str
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | None = None
    repeatable: bool = True

    def with_token(self, token: str) -> HttpRequest:
        """Return the request with a bearer token."""
        return replace(self, headers={**self.headers, "Authorization": f"Bearer {token}"})


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """One HTTP response. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        """The parsed body; None if the body is empty."""
        return json.loads(self.content) if self.content else None


@dataclass(frozen=True, slots=True)
class Sleep:
    """Wait for this number of seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class OpenSocket:
    """Open a WebSocket. The result is the socket that the effects below take."""

    url: str = field(repr=False)
    timeout: float


@dataclass(frozen=True, slots=True)
class SendText:
    """Send a text message over a WebSocket."""

    socket: object
    text: str


@dataclass(frozen=True, slots=True)
class ReceiveText:
    """Receive the next text message. The result is None if none arrives within the timeout."""

    socket: object
    timeout: float


@dataclass(frozen=True, slots=True)
class CloseSocket:
    """Close a WebSocket."""

    socket: object
