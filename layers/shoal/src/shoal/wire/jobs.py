"""Bodies of jobs."""

from collections.abc import Mapping

from shoal.domain.canary import CanaryVerdict
from shoal.domain.job import JobStatus, Priority
from shoal.wire.bodies import ResponseBody
from shoal.wire.fields import Time
from shoal.wire.retry import RetryBody
from shoal.wire.worker import JobId


class CountsBody(ResponseBody):
    """Numbers of tasks by status."""

    pending: int
    running: int
    retrying: int
    completed: int
    failed: int
    cancelled: int


class SelectionBody(ResponseBody):
    """The failed tasks that this generation retries: those of a cause, or a number by index."""

    cause: str | None
    tasks: int | None


class DiscardBody(ResponseBody):
    """Failed tasks excluded from retries: of a cause, a number by index, or all."""

    cause: str | None
    tasks: int | None
    reason: str
    by: str
    at: Time


class CanaryBody(ResponseBody):
    """A retry in two steps: `tried` tasks in `generation`, then the others if `bar` is reached.

    `succeeded` and `verdict` are null while it runs; the verdict is `stopped` if it ended early.
    """

    share: float
    bar: float
    generation: int
    tried: int
    succeeded: int | None
    verdict: CanaryVerdict | None


class JobLinks(ResponseBody):
    """Links to the job and its resources."""

    self: str
    tasks: str
    results: str


class JobBody(ResponseBody):
    """A job. `ending` is its final status, once the job is stopping.

    `drained` is true if the job is paused and none of its tasks runs. A pause moves the `deadline`.
    `selection` is null unless this generation retries only some of the failed tasks.
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


class JobPageBody(ResponseBody):
    """A page of jobs, newest first; a null `next_token` ends the list."""

    items: list[JobBody]
    next_token: str | None
