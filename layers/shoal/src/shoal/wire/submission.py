"""Bodies of job submissions and input uploads."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    Field,
    StringConstraints,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from shoal.domain.grid import Grid, Json
from shoal.domain.job import Lines, Priority, Repeat, Source, Spec
from shoal.domain.sizing import MAX_CHUNK, MAX_INPUT_BYTES, MAX_TASKS
from shoal.wire.bodies import CLOSED, RequestBody, ResponseBody
from shoal.wire.fields import (
    MAX_EXACT,
    FieldName,
    Instant,
    JsonObject,
    Name,
    Parallelism,
    Params,
    PriorityName,
    Tags,
    Time,
    Whole,
    size,
)
from shoal.wire.retry import RetryBody
from shoal.wire.worker import Timeout, TypeName

MAX_INPUTS_BYTES: Final = 1_000_000
MAX_AXES: Final = 100
MAX_AXIS_VALUES: Final = 10_000
"""Listed values in a grid, over all axes; ranges do not count."""


class Range(RequestBody):
    """An axis as a range: start, stop (exclusive) and step, as in Python."""

    range: Annotated[list[Whole], Field(min_length=2, max_length=3)]


def _axis(value: Any) -> Any:
    """Validate both forms with one message, where a union would give one for each."""
    bounds = value.get("range") if isinstance(value, dict) and len(value) == 1 else None
    ranged = (
        isinstance(bounds, list)
        and len(bounds) in {2, 3}
        and all(type(each) is int and abs(each) <= MAX_EXACT for each in bounds)
        and bounds[2:] != [0]
    )
    if ranged or (isinstance(value, list) and value):
        return value
    raise PydanticCustomError(
        "axis", 'must be a list of values, or {"range": [start, stop, step]} of integers'
    )


def _chunk_size(value: Any) -> Any:
    """Validate both forms with one message, as above."""
    if value == "auto" or (type(value) is int and 1 <= value <= MAX_CHUNK):
        return value
    raise PydanticCustomError("chunk_size", f'must be "auto" or 1 to {MAX_CHUNK}')


type Axis = Annotated[Range | Annotated[list[Any], Field(min_length=1)], BeforeValidator(_axis)]
type ChunkSize = Annotated[
    Annotated[int, Field(ge=1, le=MAX_CHUNK)] | Literal["auto"], BeforeValidator(_chunk_size)
]


class JobSubmission(BaseModel):
    """A job submission. Exactly one of `count`, `grid`, `inputs` and `inputs_uri` is required.

    `timeout` applies to one attempt. The defaults of `timeout` and `retry` are those of the task
    type, or 300 s and one attempt.
    """

    model_config = CLOSED

    task_type: TypeName
    name: Name = ""
    count: Annotated[int, Field(ge=1, le=MAX_TASKS)] | None = None
    grid: Annotated[dict[FieldName, Axis], Field(min_length=1, max_length=MAX_AXES)] | None = None
    inputs: Annotated[list[JsonObject], Field(min_length=1, max_length=MAX_TASKS)] | None = None
    inputs_uri: Annotated[str, StringConstraints(min_length=1, max_length=1_024)] | None = None
    params: Params = {}
    chunk_size: ChunkSize = "auto"
    priority: PriorityName = "normal"
    max_parallelism: Parallelism | None = None
    timeout: Timeout | None = None
    retry: RetryBody | None = None
    deadline: Instant | None = None
    max_failed: Annotated[int, Field(ge=0, le=MAX_TASKS)] | None = None
    tags: Tags = {}

    @field_validator("inputs")
    @classmethod
    def _inline(cls, value: list[JsonObject] | None) -> list[JsonObject] | None:
        if value is not None and size(value) > MAX_INPUTS_BYTES:
            raise PydanticCustomError(
                "too_large",
                f"must not exceed {MAX_INPUTS_BYTES} bytes; use POST /api/v1/inputs for more",
            )
        return value

    @field_validator("grid")
    @classmethod
    def _written(cls, value: dict[str, Axis] | None) -> dict[str, Axis] | None:
        axes = (value or {}).values()
        if sum(len(axis) for axis in axes if isinstance(axis, list)) > MAX_AXIS_VALUES:
            raise PydanticCustomError(
                "too_large", f"must not list more than {MAX_AXIS_VALUES} values"
            )
        return value

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        sources = (self.count, self.grid, self.inputs, self.inputs_uri)
        if sum(source is not None for source in sources) != 1:
            raise PydanticCustomError(
                "one_source", "exactly one of count, grid, inputs and inputs_uri must be given"
            )
        return self

    def spec(self) -> Spec:
        """Convert to the domain's specification; inputs are only announced."""
        return Spec(
            task_type=self.task_type,
            source=self._source(),
            name=self.name,
            params=self.params,
            chunk_size=self.chunk_size,
            priority=Priority(self.priority),
            max_parallelism=self.max_parallelism,
            timeout=self.timeout,
            retry=None if self.retry is None else self.retry.policy(),
            deadline=None if self.deadline is None else self.deadline.timestamp(),
            max_failed=self.max_failed,
            tags=self.tags,
        )

    def _source(self) -> Source:
        if self.count is not None:
            return Repeat(self.count)
        if self.grid is not None:
            return Grid({name: _values(axis) for name, axis in self.grid.items()})
        return Lines(key="")


def _values(axis: Axis) -> range | list[Json]:
    return range(*axis.range) if isinstance(axis, Range) else axis


class UploadRequest(BaseModel):
    """The size of the file in bytes. With it, the link accepts no file of another size."""

    model_config = CLOSED

    size: Annotated[Whole, Field(ge=1, le=MAX_INPUT_BYTES)] | None = None


class UploadBody(ResponseBody):
    """PUT up to 1 GB of JSON Lines to `upload_url`, once, then submit with `inputs_uri`.

    Send `upload_headers` unchanged with the PUT.
    """

    inputs_uri: str
    upload_url: str
    upload_headers: Mapping[str, str]
    expires_at: Time
