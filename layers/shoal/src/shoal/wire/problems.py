"""How an error is answered: a problem of RFC 9457, `application/problem+json`."""

from typing import Final

from pydantic import BaseModel, ConfigDict

CONTENT_TYPE: Final = "application/problem+json"


class FieldProblem(BaseModel):
    """What is wrong with one field; never the value that was sent."""

    model_config = ConfigDict(frozen=True)

    field: str
    message: str


class Problem(BaseModel):
    """Why a request was not carried out."""

    model_config = ConfigDict(frozen=True)

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldProblem] = []
    request_id: str
