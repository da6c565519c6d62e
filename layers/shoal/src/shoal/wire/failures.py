"""Bodies of failures by cause."""

from typing import Annotated

from pydantic import BaseModel, Field

from shoal.wire.jobs import DiscardBody


class FailureExampleBody(BaseModel):
    """A failed task; a message over 300 characters is cut and ends in `…`."""

    task_id: str
    message: str


class CauseBody(BaseModel):
    """A cause, and the number of failed tasks on this page.

    `discarded` of them are excluded from a retry of all tasks; `discard` is the latest discard.
    `message` has `<*>` where messages differ: numbers, ids, addresses, paths, quoted text.
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

    `failed` counts the failed tasks of the job, `counted` those of this page. A `next_token` means
    that there are more; add up the counts of the same `cause` over all pages.
    """

    items: list[CauseBody]
    failed: int
    counted: int
    next_token: str | None
