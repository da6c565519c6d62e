"""Tasks as users see them, and as they run one at a time."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import StringConstraints

from shoal.domain.counts import TaskStatus
from shoal.wire.bodies import RequestBody, ResponseBody
from shoal.wire.fields import Time
from shoal.wire.worker import MAX_TAIL, JobId, RetryAfter, WorkerId


class TaskErrorBody(ResponseBody):
    """Why an attempt failed; `tail` is the end of what it printed."""

    type: str
    message: str
    tail: str
    retryable: bool


class TaskBody(ResponseBody):
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


class TaskPageBody(ResponseBody):
    """Tasks by index, or the slowest of this page first; a null `next_token` ends the list.

    `rows_read` is how many rows of chunks and of outcomes this page looked at.
    """

    items: list[TaskBody]
    next_token: str | None
    rows_read: int


class ArtifactBody(ResponseBody):
    """A file that a task stored; `url` reads it for a quarter of an hour."""

    name: str
    size: int
    url: str


class ArtifactsBody(ResponseBody):
    """The files of a task, by name."""

    items: list[ArtifactBody]
    next_token: str | None = None


class TaskRunning(RequestBody):
    """A worker takes the task on."""

    worker: WorkerId


class TaskComplete(RequestBody):
    """The task returned this."""

    worker: WorkerId
    result: Any = None


class TaskFault(RequestBody):
    """Why the task failed."""

    type: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    message: Annotated[str, StringConstraints(max_length=2_048)] = ""
    tail: Annotated[str, StringConstraints(max_length=MAX_TAIL)] = ""
    retryable: bool = True
    retry_after: RetryAfter | None = None


class TaskFailed(RequestBody):
    """The task failed so."""

    worker: WorkerId
    error: TaskFault
