"""Error bodies: RFC 9457 problems, `application/problem+json`."""

from typing import Final

from pydantic import BaseModel, ConfigDict

CONTENT_TYPE: Final = "application/problem+json"


class FieldProblem(BaseModel):
    """The error of one field; never contains the value that was sent."""

    model_config = ConfigDict(frozen=True)

    field: str
    message: str


class Problem(BaseModel):
    """The error of a request."""

    model_config = ConfigDict(frozen=True)

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldProblem] = []
    request_id: str
