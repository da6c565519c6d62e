"""Requests to steer existing jobs."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)
from pydantic_core import PydanticCustomError

from shoal.domain.job import Priority
from shoal.domain.selection import MOST_INDICES, Selection
from shoal.domain.sizing import MAX_TASKS
from shoal.wire.bodies import CLOSED
from shoal.wire.fields import (
    NO_CONTROLS,
    Instant,
    Name,
    Parallelism,
    Params,
    PriorityName,
    Tags,
    straight,
)
from shoal.wire.retry import RetryBody
from shoal.wire.worker import Timeout

type Fingerprint = Annotated[str, StringConstraints(pattern="^[0-9a-f]{16}$")]
type Index = Annotated[int, Field(ge=0, lt=MAX_TASKS)]


class _Choice(BaseModel):
    """A choice of failed tasks."""

    model_config = CLOSED

    cause: Fingerprint | None = None
    indices: Annotated[list[Index], Field(min_length=1, max_length=MOST_INDICES)] | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if self.cause is not None and self.indices is not None:
            raise PydanticCustomError("one_choice", "give a cause or indices, not both")
        return self

    def selection(self) -> Selection | None:
        """Convert to the domain's selection; None without a choice."""
        if self.indices is not None:
            return Selection.of_indices(self.indices)
        return None if self.cause is None else Selection(self.cause)


class CanaryRequest(BaseModel):
    """Retry the `share` of the tasks first; the others follow if the share `bar` completes."""

    model_config = CLOSED

    share: Annotated[float, Field(gt=0, le=1)] = 0.01
    bar: Annotated[float, Field(ge=0, le=1)] = 0.9


class RetryRequest(_Choice):
    """The failed tasks to retry: those of a `cause`, or those at `indices`.

    With neither, or without a body, all tasks that did not complete and are not discarded. With a
    `canary`, a sample of them first, of a cause or of all.
    """

    canary: CanaryRequest | None = None

    @model_validator(mode="after")
    def _of_many(self) -> Self:
        if self.canary is not None and self.indices is not None:
            raise PydanticCustomError("one_choice", "give indices or a canary, not both")
        return self


class DiscardRequest(_Choice):
    """Failed tasks to exclude from retries: one of `cause`, `indices`, `all`; and the reason."""

    all: Literal[True] | None = None
    reason: Annotated[
        str,
        StringConstraints(min_length=1, max_length=500, pattern=NO_CONTROLS),
        AfterValidator(straight),
    ]

    @model_validator(mode="after")
    def _some(self) -> Self:
        if (self.all is None) == (self.selection() is None):
            raise PydanticCustomError("one_choice", "give exactly one of cause, indices and all")
        return self


class CloneRequest(BaseModel):
    """Changes to the cloned specification. The deadline is not copied."""

    model_config = CLOSED

    name: Name = ""
    params: Params = {}
    priority: PriorityName = "normal"
    max_parallelism: Parallelism | None = None
    timeout: Timeout | None = None
    retry: RetryBody | None = None
    deadline: Instant | None = None
    tags: Tags = {}

    def changes(self) -> dict[str, Any]:
        """Return the given fields, converted to domain values."""
        return _given(self)


class ChangeRequest(BaseModel):
    """Changes to an open job; omitted fields stay unchanged.

    A `max_parallelism` of null sends all remaining chunks.
    """

    model_config = CLOSED | ConfigDict(json_schema_extra={"minProperties": 1})

    name: Name = ""
    priority: PriorityName = "normal"
    max_parallelism: Parallelism | None = None
    tags: Tags = {}

    @model_validator(mode="after")
    def _some(self) -> Self:
        if not self.model_fields_set:
            raise PydanticCustomError("nothing", "give at least one field")
        return self

    def changes(self) -> dict[str, Any]:
        """Return the given fields, converted to domain values."""
        return _given(self)


def _given(body: BaseModel) -> dict[str, Any]:
    return {name: _plain(name, getattr(body, name)) for name in body.model_fields_set}


def _plain(name: str, value: Any) -> Any:
    if name == "priority":
        return Priority(value)
    if isinstance(value, RetryBody):
        return value.policy()
    return value.timestamp() if isinstance(value, datetime) else value
