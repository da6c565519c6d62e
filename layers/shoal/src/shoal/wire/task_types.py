"""Bodies of task types."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from shoal.wire.bodies import ResponseBody
from shoal.wire.retry import RetryBody


class TaskTypeBody(ResponseBody):
    """A function of the worker image; `schema` is the JSON Schema of its input.

    `image` and `digest` identify the image and the code of the worker that registered it last.
    """

    model_config = ConfigDict(frozen=True, populate_by_name=True)

    name: str
    input_schema: Annotated[Mapping[str, Any], Field(alias="schema")]
    timeout: float | None
    retry: RetryBody | None
    batch: int | None
    image: str
    digest: str
    description: str
    mean_seconds: float | None


class TaskTypesBody(ResponseBody):
    """All registered task types, by name."""

    items: list[TaskTypeBody]
    next_token: str | None = None
