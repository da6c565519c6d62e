"""What users and the API say to each other: jobs, tasks, results, inputs, task types.

Requests are closed (an unknown field is refused), strict (`"5"` is no number) and bounded. Times
are RFC 3339 in UTC, durations are in seconds.
"""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from shoal.domain.canary import Verdict
from shoal.domain.counts import TaskStatus
from shoal.domain.grid import Grid, Json
from shoal.domain.job import JobStatus, Lines, Priority, Repeat, Source, Spec
from shoal.domain.sizing import MAX_CHUNK, MAX_CHUNKS, MAX_TASKS
from shoal.wire.retry import RetryBody
from shoal.wire.worker import MAX_TAIL, JobId, RetryAfter, Timeout, TypeName, WorkerId

MAX_NAME: Final = 200
MAX_TAGS: Final = 50
MAX_PARAMS_BYTES: Final = 8_192
MAX_INPUTS_BYTES: Final = 1_000_000
MAX_AXES: Final = 100
MAX_AXIS_VALUES: Final = 10_000
"""Values written out in a grid, over all axes; ranges count as none."""
MAX_EXACT: Final = 2**53 - 1
"""The largest whole number that every JSON reader takes for what it is."""

YEARS: Final = range(1970, 3000)

_RFC3339: Final = re.compile(
    r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)
NO_CONTROLS: Final = r"^[^\x00-\x1f\x7f]*$"
_TURNS: Final = re.compile(r"[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Marks that turn the direction of writing: a name with them can look like another one."""


def _instant(value: Any) -> datetime:
    if isinstance(value, str) and _RFC3339.fullmatch(value):
        try:
            instant = datetime.fromisoformat(value)
        except ValueError:
            instant = datetime.min  # noqa: DTZ901 - no instant: it is refused below
        if instant.year in YEARS:
            return instant
    raise PydanticCustomError("rfc3339", "must be an RFC 3339 time with its zone")


def straight(value: str) -> str:
    """Text without marks that turn the direction of writing."""
    if _TURNS.search(value):
        raise PydanticCustomError("bidi", "must not have marks that turn the direction of writing")
    return value


def _size(value: object) -> int:
    return len(json.dumps(value, separators=(",", ":")).encode())


type Instant = Annotated[
    datetime,
    BeforeValidator(_instant),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
type Time = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]
type Name = Annotated[
    str,
    StringConstraints(max_length=MAX_NAME, pattern=NO_CONTROLS),
    AfterValidator(straight),
]
type TagKey = Annotated[
    str,
    StringConstraints(min_length=1, max_length=128, pattern=NO_CONTROLS),
    AfterValidator(straight),
]
type TagValue = Annotated[
    str, StringConstraints(max_length=256, pattern=NO_CONTROLS), AfterValidator(straight)
]
type TagSought = Annotated[
    str, StringConstraints(min_length=1, max_length=128 + 1 + 256, pattern=NO_CONTROLS)
]
"""`key=value`, or a key alone."""
type FieldName = Annotated[str, StringConstraints(min_length=1, max_length=100)]
type Whole = Annotated[int, Field(ge=-MAX_EXACT, le=MAX_EXACT)]
type JsonObject = dict[str, Any]


CLOSED: Final = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)
"""How every request is read."""


class _Request(BaseModel):
    model_config = CLOSED


def _small(value: JsonObject) -> JsonObject:
    if _size(value) > MAX_PARAMS_BYTES:
        raise PydanticCustomError("too_large", f"must not exceed {MAX_PARAMS_BYTES} bytes")
    return value


Params = Annotated[JsonObject, AfterValidator(_small)]
Parallelism = Annotated[int, Field(ge=1, le=MAX_CHUNKS)]
Tags = Annotated[dict[TagKey, TagValue], Field(max_length=MAX_TAGS)]
PriorityName = Literal["high", "normal", "low"]


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True)


# Submit


class Range(_Request):
    """An axis as a range: start, stop (not reached) and step, as in Python."""

    range: Annotated[list[Whole], Field(min_length=2, max_length=3)]


def _axis(value: Any) -> Any:
    """One message for both forms, where a union would give one for each."""
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
        "axis", 'must be a list of values, or {"range": [start, stop, step]} of whole numbers'
    )


def _chunk_size(value: Any) -> Any:
    """One message, as above."""
    if value == "auto" or (type(value) is int and 1 <= value <= MAX_CHUNK):
        return value
    raise PydanticCustomError("chunk_size", f'must be "auto" or 1 to {MAX_CHUNK}')


type Axis = Annotated[Range | Annotated[list[Any], Field(min_length=1)], BeforeValidator(_axis)]
type ChunkSize = Annotated[
    Annotated[int, Field(ge=1, le=MAX_CHUNK)] | Literal["auto"], BeforeValidator(_chunk_size)
]


class JobSubmission(_Request):
    """Exactly one of `count`, `grid`, `inputs` and `inputs_uri` says what the tasks are.

    `timeout` is that of one attempt. Without it, or without `retry`, the task type's holds; 300 s
    and one attempt if it has none.
    """

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
        if value is not None and _size(value) > MAX_INPUTS_BYTES:
            raise PydanticCustomError(
                "too_large",
                f"must not exceed {MAX_INPUTS_BYTES} bytes; POST /api/v1/inputs takes more",
            )
        return value

    @field_validator("grid")
    @classmethod
    def _written(cls, value: dict[str, Axis] | None) -> dict[str, Axis] | None:
        axes = (value or {}).values()
        if sum(len(axis) for axis in axes if isinstance(axis, list)) > MAX_AXIS_VALUES:
            raise PydanticCustomError(
                "too_large", f"must not write out more than {MAX_AXIS_VALUES} values"
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
        """As the domain has it; of inputs it says only that there will be some."""
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


# Jobs


class CountsBody(_Answer):
    """Tasks by status."""

    pending: int
    running: int
    retrying: int
    completed: int
    failed: int
    cancelled: int


class SelectionBody(_Answer):
    """Which failed tasks this generation runs again: those of a cause, or so many by index."""

    cause: str | None
    tasks: int | None


class DiscardBody(_Answer):
    """Failed tasks that are not run again: of a cause, so many by index, or with neither all."""

    cause: str | None
    tasks: int | None
    reason: str
    by: str
    at: Time


class CanaryBody(_Answer):
    """A retry in two steps: `tried` tasks in `generation`, then the rest if the `bar` is reached.

    `succeeded` and `verdict` are null while it runs; it is `stopped` if it was ended early.
    """

    share: float
    bar: float
    generation: int
    tried: int
    succeeded: int | None
    verdict: Verdict | None


class JobLinks(_Answer):
    """Where the job and what belongs to it are."""

    self: str
    tasks: str
    results: str


class JobBody(_Answer):
    """A job. `ending` is the status that it will close with, once it was told to stop.

    `drained` says of a paused job that nothing of it runs any more. A pause moves the `deadline`.
    `selection` is null unless this generation runs only some of the failed tasks again.
    """

    id: JobId
    name: str
    task_type: str
    status: JobStatus
    paused: bool
    paused_at: Time | None
    drained: bool
    ending: JobStatus | None
    generation: int
    selection: SelectionBody | None
    discards: list[DiscardBody]
    canary: CanaryBody | None
    task_count: int | None
    chunk_size: int | None
    counts: CountsBody
    version: int
    priority: Priority
    max_parallelism: int | None
    timeout: float | None
    retry: RetryBody
    deadline: Time | None
    max_failed: int | None
    created_at: Time
    started_at: Time | None
    finished_at: Time | None
    reason: str | None
    tags: Mapping[str, str]
    links: JobLinks


class JobPageBody(_Answer):
    """Jobs, newest first; a null `next_token` ends the list."""

    items: list[JobBody]
    next_token: str | None


# Tasks


class TaskErrorBody(_Answer):
    """Why an attempt failed; `tail` is the end of what it printed."""

    type: str
    message: str
    tail: str
    retryable: bool


class TaskBody(_Answer):
    """A task; times, result and error are of its latest attempt that ended.

    Where its result exceeds what one answer holds, `result` is null and `too_large` is true.
    """

    id: str
    job_id: JobId
    index: int
    status: TaskStatus
    attempts: int
    worker: str | None
    progress: float | None
    started_at: Time | None
    finished_at: Time | None
    duration: float | None
    input: Mapping[str, Any] | None
    result: Any
    error: TaskErrorBody | None
    too_large: bool = False


class TaskPageBody(_Answer):
    """Tasks by index, or the slowest of this page first; a null `next_token` ends the list.

    `rows_read` is how many rows of chunks and of outcomes this page looked at.
    """

    items: list[TaskBody]
    next_token: str | None
    rows_read: int


class ArtifactBody(_Answer):
    """A file that a task stored; `url` reads it for a quarter of an hour."""

    name: str
    size: int
    url: str


class ArtifactsBody(_Answer):
    """The files of a task, by name."""

    items: list[ArtifactBody]
    next_token: str | None = None


# One task at a time


class TaskRunning(_Request):
    """A worker takes the task on."""

    worker: WorkerId


class TaskComplete(_Request):
    """The task returned this."""

    worker: WorkerId
    result: Any = None


class TaskFault(_Request):
    """Why the task failed."""

    type: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    message: Annotated[str, StringConstraints(max_length=2_048)] = ""
    tail: Annotated[str, StringConstraints(max_length=MAX_TAIL)] = ""
    retryable: bool = True
    retry_after: RetryAfter | None = None


class TaskFailed(_Request):
    """The task failed so."""

    worker: WorkerId
    error: TaskFault


# Inputs and task types


class UploadBody(_Answer):
    """PUT up to 1 GB of JSON Lines to `upload_url`, once, then submit with `inputs_uri`.

    `upload_headers` go with the PUT as they are.
    """

    inputs_uri: str
    upload_url: str
    upload_headers: Mapping[str, str]
    expires_at: Time


class TaskTypeBody(_Answer):
    """A function of the worker image; `schema` is the JSON Schema of its input.

    `image` and `digest` say which image and which code the worker that registered it last runs.
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


class TaskTypesBody(_Answer):
    """Every task type that a worker has registered, by name."""

    items: list[TaskTypeBody]
    next_token: str | None = None


class HealthBody(_Answer):
    """That the API answers."""

    status: Literal["ok"]
