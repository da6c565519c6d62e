"""Bodies of tasks and of single-task requests."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import StringConstraints

from shoal.domain.counts import TaskStatus
from shoal.wire.bodies import RequestBody, ResponseBody
from shoal.wire.fields import Time
from shoal.wire.worker import MAX_TAIL, JobId, RetryAfter, WorkerId


class TaskErrorBody(ResponseBody):
    """The error of an attempt; `tail` is the end of its output."""

    type: str
    message: str
    tail: str
    retryable: bool


class TaskBody(ResponseBody):
    """A task; times, result and error are those of its latest finished attempt.

    If the result is too large for the answer, `result` is null and `too_large` is true.
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
    """Tasks by index, or slowest first; a null `next_token` ends the list.

    `rows_read` is the number of rows that were read for the page.
    """

    items: list[TaskBody]
    next_token: str | None
    rows_read: int


class ArtifactBody(ResponseBody):
    """A file that a task stored; `url` is valid for 15 minutes."""

    name: str
    size: int
    url: str


class ArtifactsBody(ResponseBody):
    """The files of a task, by name."""

    items: list[ArtifactBody]
    next_token: str | None = None


class TaskRunning(RequestBody):
    """A worker starts the task."""

    worker: WorkerId


class TaskComplete(RequestBody):
    """The task completed with this result."""

    worker: WorkerId
    result: Any = None


class TaskFault(RequestBody):
    """The error of the task."""

    type: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    message: Annotated[str, StringConstraints(max_length=2_048)] = ""
    tail: Annotated[str, StringConstraints(max_length=MAX_TAIL)] = ""
    retryable: bool = True
    retry_after: RetryAfter | None = None


class TaskFailed(RequestBody):
    """The task failed with this error."""

    worker: WorkerId
    error: TaskFault
