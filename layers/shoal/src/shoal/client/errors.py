"""The errors that the client raises.

```text
ShoalError
├── BadProfile            the configuration is incomplete or invalid
├── Unreachable           the API did not answer, after all retries
├── WaitTimeout           the job did not end within the timeout; it continues to run
├── ExportFailed          the results could not be exported
├── SignInFailed          no access token could be obtained
└── ApiError              the API rejected the request
    ├── BadRequest        400, 413, 415, 422 and other 4xx
    ├── NotAllowed        401, 403
    ├── NotFound          404
    ├── Conflict          409
    ├── TooManyRequests   429, after all retries
    └── ServerError       5xx, after all retries
```
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final, NamedTuple


class ShoalError(Exception):
    """The base class of all errors that the client raises."""


class BadProfile(ShoalError):  # noqa: N818 - the tree reads as nouns
    """The configuration is incomplete or invalid."""


class Unreachable(ShoalError):  # noqa: N818
    """The API did not answer. `sent` is False if the request cannot have reached it."""

    def __init__(self, message: str, *, sent: bool = True) -> None:
        super().__init__(message)
        self.sent = sent


class WaitTimeout(ShoalError):  # noqa: N818
    """The job did not end within the timeout; it continues to run."""


class ExportFailed(ShoalError):  # noqa: N818
    """The results could not be exported."""


class SignInFailed(ShoalError):  # noqa: N818
    """No access token could be obtained."""


class FieldError(NamedTuple):
    """An invalid field of a request."""

    field: str
    message: str


class ApiError(ShoalError):
    """The API rejected the request. The attributes are those of its problem document (RFC 9457)."""

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
    """The request is invalid."""


class NotAllowed(ApiError):  # noqa: N818
    """The access token is missing or invalid, or lacks a required scope."""


class NotFound(ApiError):  # noqa: N818
    """The resource does not exist, or belongs to another tenant."""


class Conflict(ApiError):  # noqa: N818
    """The request conflicts with the current state of the resource."""


class TooManyRequests(ApiError):  # noqa: N818
    """The tenant has reached one of its limits."""


class ServerError(ApiError):
    """The API failed to process the request."""


_BY_STATUS: Final[Mapping[int, type[ApiError]]] = {
    HTTPStatus.UNAUTHORIZED: NotAllowed,
    HTTPStatus.FORBIDDEN: NotAllowed,
    HTTPStatus.NOT_FOUND: NotFound,
    HTTPStatus.CONFLICT: Conflict,
    HTTPStatus.TOO_MANY_REQUESTS: TooManyRequests,
}


def error_from(status: int, content: bytes) -> ApiError:
    """Return the error that a response stands for.

    A response without a problem document, such as one of a gateway, is classified by its status.
    """
    try:
        problem = json.loads(content)
    except ValueError:
        problem = None
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        kind: type[ApiError] = ServerError
    else:
        kind = _BY_STATUS.get(status, BadRequest)
    return kind(status, problem if isinstance(problem, dict) else {})
