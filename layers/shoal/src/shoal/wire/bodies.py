"""How requests are read, and answers made.

Requests are closed (an unknown field is refused), strict (`"5"` is no number) and bounded. Times
are RFC 3339 in UTC, durations are in seconds.
"""

from typing import Final

from pydantic import BaseModel, ConfigDict

CLOSED: Final = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)
"""How every request is read."""


class RequestBody(BaseModel):
    """What a caller sends."""

    model_config = CLOSED


class ResponseBody(BaseModel):
    """What a caller gets."""

    model_config = ConfigDict(frozen=True)
