"""Attempts of a task."""

from __future__ import annotations

from shoal.domain.attempt import AttemptOutcome
from shoal.wire.bodies import ResponseBody
from shoal.wire.fields import Time
from shoal.wire.tasks import TaskErrorBody


class AttemptBody(ResponseBody):
    """One attempt of a task; unknown values are null.

    `attempt` starts at 1 in each `generation` of the job. `epoch` and `worker` belong to the lease
    under which it ended, or runs until `lease_until`. `crashes` is the number of workers in a row
    that died with the task's chunk, if it runs or failed because of them. `result` is a path.
    """

    outcome: AttemptOutcome
    generation: int | None
    attempt: int | None
    epoch: int | None
    report: int | None
    worker: str | None
    started_at: Time | None
    finished_at: Time | None
    duration: float | None
    progress: float | None
    lease_until: Time | None
    crashes: int | None
    error: TaskErrorBody | None
    result: str | None


class AttemptsBody(ResponseBody):
    """The latest attempts of a task, oldest first; `next_token` requests earlier ones.

    An attempt whose worker died or handed the task back is not a separate item, because the next
    worker continues it. Only if three workers in a row die, the task fails as `worker_died`.
    """

    items: list[AttemptBody]
    next_token: str | None
