"""The client without I/O: what is to be asked, and what to make of the answer.

A flow is a generator. It yields an effect and is sent what came of it, or has `Unreachable` thrown
into it. The two transports differ only in how they carry the effects out.
"""

from __future__ import annotations

import json
import random
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from shoal.client.errors import Unreachable, refusal

type Effect = Request | Pause | Dial | Say | Hear | HangUp
type Flow[T] = Generator[Effect, Any, T]

TRIES: Final = 6
_FIRST_PAUSE: Final = 0.2
_LONGEST_PAUSE: Final = 20.0
_TOO_MANY: Final = 429
_SERVER_ERROR: Final = 500
_REFUSED: Final = 400


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request; one that is not `repeatable` must not be carried out twice."""

    method: str
    url: str
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | None = None
    repeatable: bool = True

    def bearing(self, token: str) -> Request:
        """The request in the name of whoever the token is of."""
        return replace(self, headers={**self.headers, "Authorization": f"Bearer {token}"})


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; the names of its headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.content) if self.content else None


@dataclass(frozen=True, slots=True)
class Pause:
    """Do nothing for so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Dial:
    """Open a WebSocket within so many seconds; comes to the line that the effects below take."""

    url: str = field(repr=False)
    seconds: float


@dataclass(frozen=True, slots=True)
class Say:
    """Send a text on a line."""

    line: object
    text: str


@dataclass(frozen=True, slots=True)
class Hear:
    """Comes to the next text on a line, or to None if there is none in so many seconds."""

    line: object
    seconds: float


@dataclass(frozen=True, slots=True)
class HangUp:
    """Close a line."""

    line: object


def asked(request: Request) -> Flow[Answer]:
    """The answer, if it is no error. What is full or broken is asked again, later each time.

    A request that must not be carried out twice is sent again only after 429, or if it was never
    heard: after a 5xx nobody knows whether it was done.
    """
    for attempt in range(1, TRIES + 1):
        try:
            answer: Answer = yield request
        except Unreachable as error:
            if attempt == TRIES or (error.sent and not request.repeatable):
                raise
            yield Pause(_backoff(attempt))
            continue
        if answer.status < _REFUSED:
            return answer
        passing = answer.status == _TOO_MANY or (
            answer.status >= _SERVER_ERROR and request.repeatable
        )
        if attempt == TRIES or not passing:
            raise refusal(answer.status, answer.content)
        yield Pause(_told(answer) + _backoff(attempt))
    raise AssertionError("a loop that returns or raises")


def _backoff(attempt: int) -> float:
    """Full jitter: clients that failed together do not come back together."""
    return random.uniform(0, min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**attempt))  # noqa: S311 - no secret


def _told(answer: Answer) -> float:
    """How long the API asks to wait. A date in its place, which the API never sends, is ignored."""
    try:
        return min(60.0, max(0.0, float(answer.headers.get("retry-after", "0"))))
    except ValueError:
        return 0.0
