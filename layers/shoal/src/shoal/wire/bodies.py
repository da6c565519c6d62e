"""Base classes of request and response bodies.

Requests are closed (unknown fields are rejected), strict (`"5"` is not a number) and bounded. Times
are RFC 3339 in UTC; durations are in seconds.
"""

from typing import Final

from pydantic import BaseModel, ConfigDict

CLOSED: Final = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)
"""The configuration of all request models."""


class RequestBody(BaseModel):
    """The body of a request."""

    model_config = CLOSED


class ResponseBody(BaseModel):
    """The body of a response."""

    model_config = ConfigDict(frozen=True)
