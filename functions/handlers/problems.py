"""Maps errors to HTTP statuses and problem details."""

import json
import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, Final, NamedTuple

from handlers import log
from shoal.domain.errors import (
    Conflict,
    Forbidden,
    InvalidRequest,
    LimitReached,
    NotFound,
    NotSignedIn,
    Unavailable,
)
from shoal.wire.problems import CONTENT_TYPE

RETRY_AFTER_SECONDS: Final = 2
MOST_ERRORS: Final = 20


class MalformedBody(Exception):  # noqa: N818 - named like the other errors
    """The body is not valid JSON."""


class BodyTooLarge(Exception):  # noqa: N818
    """The body is too large."""


class UnsupportedBody(Exception):  # noqa: N818
    """The content type of the body is not JSON."""


class NoSuchRoute(NotFound):
    """There is no route for the method and path."""


STATUS: Final[Mapping[type[Exception], HTTPStatus]] = {
    MalformedBody: HTTPStatus.BAD_REQUEST,
    NotSignedIn: HTTPStatus.UNAUTHORIZED,
    Forbidden: HTTPStatus.FORBIDDEN,
    NotFound: HTTPStatus.NOT_FOUND,
    Conflict: HTTPStatus.CONFLICT,
    BodyTooLarge: HTTPStatus.CONTENT_TOO_LARGE,
    UnsupportedBody: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    InvalidRequest: HTTPStatus.UNPROCESSABLE_CONTENT,
    LimitReached: HTTPStatus.TOO_MANY_REQUESTS,
    Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}

_DETAIL: Final[Mapping[HTTPStatus, str]] = {
    HTTPStatus.SERVICE_UNAVAILABLE: "a dependency is unavailable; retry the request",
    HTTPStatus.INTERNAL_SERVER_ERROR: "internal error; the request id identifies it in the logs",
}
"""Details that replace the error's own text, which would expose internals."""


class GatewayResponse(NamedTuple):
    """An HTTP response."""

    status: int
    headers: dict[str, str]
    body: str


def problem_response(error: Exception, request_id: str) -> GatewayResponse:
    """Return the problem for an error; log the complete error if it is a server error."""
    known = _listed_class(error)
    status = status_of(error)
    headers = {"Content-Type": CONTENT_TYPE}
    if status in _DETAIL:
        log.error("request failed with a server error", error, request_id=request_id)
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    if isinstance(error, LimitReached):
        headers["Retry-After"] = str(error.retry_after)
    problem = {
        "type": "about:blank" if known is None else _urn(type(error)),
        "title": status.phrase,
        "status": status.value,
        "detail": detail_of(error, status),
        "errors": [
            {"field": field, "message": message}
            for field, message in getattr(error, "problems", ())
        ],
        "request_id": request_id,
    }
    return GatewayResponse(status.value, headers, json.dumps(problem))


def status_of(error: Exception) -> HTTPStatus:
    """Return the status of an error according to the table."""
    known = _listed_class(error)
    return HTTPStatus.INTERNAL_SERVER_ERROR if known is None else STATUS[known]


def detail_of(error: Exception, status: HTTPStatus) -> str:
    """Return the detail that a user reads."""
    return _DETAIL.get(status, str(error))


def _listed_class(error: Exception) -> type[Exception] | None:
    return next((each for each in type(error).__mro__ if each in STATUS), None)


def invalid(errors: Iterable[Mapping[str, Any]]) -> Exception:
    """Return the problem for pydantic's errors, without the submitted values."""
    errors = list(errors)
    if any(error["type"] == "json_invalid" for error in errors):
        return MalformedBody("the body is not valid JSON")
    problems = [(_field(error["loc"]), error["msg"]) for error in errors[:MOST_ERRORS]]
    return InvalidRequest("the request is invalid", problems)


def _field(place: Iterable[str | int]) -> str:
    """`("body", "inputs", 3, "size")` → `inputs[3].size`."""
    names = [f"[{each}]" if isinstance(each, int) else f".{each}" for each in place]
    if names and names[0] in {".body", ".query", ".path", ".header"}:
        names = names[1:]
    return "".join(names).removeprefix(".") or "body"


def _urn(error: type[Exception]) -> str:
    return "urn:shoal:problem:" + re.sub(r"(?<=[a-z])(?=[A-Z])", "-", error.__name__).lower()
