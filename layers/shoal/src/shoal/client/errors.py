"""What goes wrong between a client and the API.

ShoalError
├── Unreachable             no answer came: network, DNS, TLS, timeout
├── WaitTimedOut            the job goes on; only the waiting ended
└── ProblemError            the API refused, and says why
    ├── BadRequest          400, 413, 415, 422: `errors` names the fields
    ├── NotSignedIn         401
    ├── NotAllowed          403
    ├── NotFound            404
    ├── Conflict            409
    ├── TooManyRequests     429, after retries: `retry_after` seconds from now
    └── ServerError         5xx, after retries
"""
# ruff: noqa: N818 - the tree reads as nouns

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple


class ShoalError(Exception):
    """Any of them."""


class Unreachable(ShoalError):
    """No answer came."""


class WaitTimedOut(ShoalError, TimeoutError):
    """The job is not over yet, and goes on."""


class FieldError(NamedTuple):
    """What is wrong with a field of the request."""

    field: str
    message: str


class ProblemError(ShoalError):
    """A problem of RFC 9457; `request_id` finds it in the logs of the deployment."""

    def __init__(self, status: int, problem: Mapping[str, Any], retry_after: float | None) -> None:
        self.status = status
        self.type = str(problem.get("type", "about:blank"))
        self.detail = str(problem.get("detail") or problem.get("title") or f"HTTP {status}")
        self.errors: Sequence[FieldError] = [
            FieldError(str(each.get("field", "")), str(each.get("message", "")))
            for each in problem.get("errors", ())
        ]
        self.request_id = str(problem.get("request_id", ""))
        self.retry_after = retry_after
        fields = "".join(f"\n  {each.field}: {each.message}" for each in self.errors)
        super().__init__(self.detail + fields)


class BadRequest(ProblemError):
    """The request is wrong."""


class NotSignedIn(ProblemError):
    """The token is missing, wrong, or has expired."""


class NotAllowed(ProblemError):
    """The token does not allow it."""


class NotFound(ProblemError):
    """There is no such thing, or it is not yours."""


class Conflict(ProblemError):
    """It cannot be done as things stand."""


class TooManyRequests(ProblemError):
    """A limit is reached."""


class ServerError(ProblemError):
    """The API failed."""


_BY_STATUS: Final[Mapping[int, type[ProblemError]]] = {
    401: NotSignedIn,
    403: NotAllowed,
    404: NotFound,
    409: Conflict,
    429: TooManyRequests,
}
_SERVER: Final = 500


def problem_of(status: int, body: bytes, retry_after: float | None) -> ProblemError:
    """The error that an answer means. API Gateway's own answers are no problems, but JSON."""
    try:
        read = json.loads(body)
    except ValueError:
        read = {}
    problem = read if isinstance(read, dict) else {}
    if "detail" not in problem and "message" in problem:
        problem["detail"] = problem["message"]
    kind = _BY_STATUS.get(status, ServerError if status >= _SERVER else BadRequest)
    return kind(status, problem, retry_after)
