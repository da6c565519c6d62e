"""What goes wrong between a client and the API.

ShoalError
├── BadProfile            the configuration lacks something, or holds what it should not
├── Unreachable           no answer, after every retry
├── WaitTimeout           the job did not end in the time that `wait` was given; it goes on
├── ExportFailed          an export of results could not be written
├── SignInFailed          no token could be had
└── ApiError              the API refused: .status, .title, .detail, .errors, .request_id
    ├── BadRequest        400, 413, 415, 422 and other 4xx
    ├── NotAllowed        401, 403
    ├── NotFound          404
    ├── Conflict          409
    ├── TooManyRequests   429, after every retry
    └── ServerError       5xx, after every retry
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final, NamedTuple


class ShoalError(Exception):
    """Whatever a client raises."""


class BadProfile(ShoalError):  # noqa: N818 - the tree reads as nouns
    """The configuration lacks something, or holds what it should not."""


class Unreachable(ShoalError):  # noqa: N818
    """The API did not answer; `sent` is false if it cannot have heard the request."""

    def __init__(self, message: str, *, sent: bool = True) -> None:
        super().__init__(message)
        self.sent = sent


class WaitTimeout(ShoalError):  # noqa: N818
    """The job did not end in time; it goes on."""


class ExportFailed(ShoalError):  # noqa: N818
    """An export of results could not be written."""


class SignInFailed(ShoalError):  # noqa: N818
    """No token could be had."""


class FieldError(NamedTuple):
    """What is wrong with one field of a request."""

    field: str
    message: str


class ApiError(ShoalError):
    """The API refused a request, for what its problem says."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        self.status = status
        self.type = str(problem.get("type") or "about:blank")
        self.title = str(problem.get("title") or f"status {status}")
        self.detail = str(problem.get("detail") or problem.get("message") or self.title)
        self.errors: Sequence[FieldError] = [
            FieldError(str(each.get("field")), str(each.get("message")))
            for each in problem.get("errors") or ()
        ]
        self.request_id = str(problem.get("request_id") or "")
        fields = "".join(f"\n  {each.field}: {each.message}" for each in self.errors)
        super().__init__(f"{self.detail}{fields}")


class BadRequest(ApiError):  # noqa: N818
    """The request is not one that the API takes."""


class NotAllowed(ApiError):  # noqa: N818
    """Nobody is signed in, or who is may not do this."""


class NotFound(ApiError):  # noqa: N818
    """There is no such thing, or it is another tenant's."""


class Conflict(ApiError):  # noqa: N818
    """What was asked does not fit the state that things are in."""


class TooManyRequests(ApiError):  # noqa: N818
    """A limit of the tenant is reached."""


class ServerError(ApiError):
    """Something went wrong on the other side."""


_BY_STATUS: Final[Mapping[int, type[ApiError]]] = {
    HTTPStatus.UNAUTHORIZED: NotAllowed,
    HTTPStatus.FORBIDDEN: NotAllowed,
    HTTPStatus.NOT_FOUND: NotFound,
    HTTPStatus.CONFLICT: Conflict,
    HTTPStatus.TOO_MANY_REQUESTS: TooManyRequests,
}


def refusal(status: int, content: bytes) -> ApiError:
    """The answer as an error, by its status where it is no problem document (a gateway's, say)."""
    try:
        problem = json.loads(content)
    except ValueError:
        problem = None
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        kind: type[ApiError] = ServerError
    else:
        kind = _BY_STATUS.get(status, BadRequest)
    return kind(status, problem if isinstance(problem, dict) else {})
