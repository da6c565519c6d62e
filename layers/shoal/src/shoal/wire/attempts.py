"""What came of each attempt of a task."""

from __future__ import annotations

from shoal.domain.attempt import AttemptOutcome
from shoal.wire.bodies import ResponseBody
from shoal.wire.fields import Time
from shoal.wire.tasks import TaskErrorBody


class AttemptBody(ResponseBody):
    """One attempt of a task; null is what nobody knows.

    `attempt` counts anew in each `generation` of the job. `epoch` and `worker` are of the lease
    that it ended under, or runs under until `lease_until`. `crashes` is how many workers have died
    in a row with the task's chunk, of one that runs or was given up for it. `result` is a path.
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
    """The latest attempts of a task, oldest first; `next_token` asks for those before them.

    An attempt whose worker died, or handed the task back, is no item of its own: the next worker
    goes on with it. Only if the third in a row dies is the task given up, as `worker_died`.
    """

    items: list[AttemptBody]
    next_token: str | None
