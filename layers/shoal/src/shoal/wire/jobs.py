"""Jobs as users see them."""

from collections.abc import Mapping

from shoal.domain.canary import CanaryVerdict
from shoal.domain.job import JobStatus, Priority
from shoal.wire.bodies import ResponseBody
from shoal.wire.fields import Time
from shoal.wire.retry import RetryBody
from shoal.wire.worker import JobId


class CountsBody(ResponseBody):
    """Tasks by status."""

    pending: int
    running: int
    retrying: int
    completed: int
    failed: int
    cancelled: int


class SelectionBody(ResponseBody):
    """Which failed tasks this generation runs again: those of a cause, or so many by index."""

    cause: str | None
    tasks: int | None


class DiscardBody(ResponseBody):
    """Failed tasks that are not run again: of a cause, so many by index, or with neither all."""

    cause: str | None
    tasks: int | None
    reason: str
    by: str
    at: Time


class CanaryBody(ResponseBody):
    """A retry in two steps: `tried` tasks in `generation`, then the rest if the `bar` is reached.

    `succeeded` and `verdict` are null while it runs; it is `stopped` if it was ended early.
    """

    share: float
    bar: float
    generation: int
    tried: int
    succeeded: int | None
    verdict: CanaryVerdict | None


class JobLinks(ResponseBody):
    """Where the job and what belongs to it are."""

    self: str
    tasks: str
    results: str


class JobBody(ResponseBody):
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


class JobPageBody(ResponseBody):
    """Jobs, newest first; a null `next_token` ends the list."""

    items: list[JobBody]
    next_token: str | None
