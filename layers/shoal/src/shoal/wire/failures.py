"""Failed tasks by cause, as bodies."""

from typing import Annotated

from pydantic import BaseModel, Field

from shoal.wire.jobs import DiscardBody


class FailureExampleBody(BaseModel):
    """A task that failed so; a message longer than 300 characters ends in `…`, the task has all."""

    task_id: str
    message: str


class CauseBody(BaseModel):
    """A cause and how many tasks of this page failed of it.

    `discarded` of them are not run again by a retry of all; `discard` is what was said of the last.
    `message` has `<*>` where messages differ: numbers, ids, addresses, paths, quoted texts.
    """

    cause: Annotated[str, Field(pattern="^[0-9a-f]{16}$")]
    task_type: str
    error_type: str
    message: str
    count: int
    discarded: int
    discard: DiscardBody | None
    examples: Annotated[list[FailureExampleBody], Field(max_length=3)]


class FailuresBody(BaseModel):
    """Causes, most frequent first.

    `failed` counts the failed tasks of the job, `counted` those of this page. While there is a
    `next_token` there are more: counts of the same `cause` on several pages add up.
    """

    items: list[CauseBody]
    failed: int
    counted: int
    next_token: str | None
