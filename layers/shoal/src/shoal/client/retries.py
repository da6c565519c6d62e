"""Retries of HTTP requests: when to send a request again, and how long to wait before that."""

from __future__ import annotations

import random
from http import HTTPStatus
from typing import Final

from shoal.client.effects import Flow, HttpRequest, HttpResponse, Sleep
from shoal.client.errors import Unreachable, error_from

MAX_TRIES: Final = 6
_FIRST_PAUSE: Final = 0.2
_LONGEST_PAUSE: Final = 20.0
_LONGEST_RETRY_AFTER: Final = 60.0


def send(request: HttpRequest) -> Flow[HttpResponse]:
    """Send a request and return its successful response; raise ApiError or Unreachable otherwise.

    Retries 429, 5xx and lost connections with exponential backoff. A request that is not repeatable
    is retried only after 429, or if it never reached the API: after a 5xx it may have been done.
    """
    for attempt in range(1, MAX_TRIES + 1):
        try:
            response: HttpResponse = yield request
        except Unreachable as error:
            if attempt == MAX_TRIES or (error.sent and not request.repeatable):
                raise
            yield Sleep(_backoff(attempt))
            continue
        if response.status < HTTPStatus.BAD_REQUEST:
            return response
        transient = response.status == HTTPStatus.TOO_MANY_REQUESTS or (
            response.status >= HTTPStatus.INTERNAL_SERVER_ERROR and request.repeatable
        )
        if attempt == MAX_TRIES or not transient:
            raise error_from(response.status, response.content)
        yield Sleep(_retry_after(response) + _backoff(attempt))
    raise AssertionError("the loop returns or raises")


def _backoff(attempt: int) -> float:
    """Return a delay with full jitter, so that clients do not all retry at the same time."""
    return random.uniform(0, min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**attempt))  # noqa: S311 - no secret


def _retry_after(response: HttpResponse) -> float:
    """Return the seconds of the Retry-After header. Dates are ignored: the API never sends them."""
    try:
        seconds = float(response.headers.get("retry-after", "0"))
    except ValueError:
        return 0.0
    return min(_LONGEST_RETRY_AFTER, max(0.0, seconds))
