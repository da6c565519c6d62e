"""Routes that explain the status of jobs and tasks, and show queue depths."""

from collections.abc import Sequence

from handlers import log
from handlers.request_context import caller, new_router
from shoal import bootstrap
from shoal.domain.why import Fact, Reason
from shoal.wire.times import rfc3339
from shoal.wire.why import QueueBody, QueuesBody, ReasonBody, WhyBody

router = new_router()


@router.get("/api/v1/jobs/<job_id>/why", operation_id="whyJob", tags=["jobs"])
def why_job(job_id: str) -> WhyBody:
    """Explain the status of a job, for example why it is not running."""
    return _body(job_id, bootstrap.status_reasons().job(caller(router).tenant, job_id))


@router.get("/api/v1/tasks/<task_id>/why", operation_id="whyTask", tags=["tasks"])
def why_task(task_id: str) -> WhyBody:
    """Explain the status of a task, for example why it is not running."""
    return _body(task_id, bootstrap.status_reasons().task(caller(router).tenant, task_id))


@router.get("/api/v1/queues", operation_id="listQueues", tags=["queues"])
def list_queues() -> QueuesBody:
    """Get the queue depths by priority, and the age of the oldest message of each queue."""
    depths, ages, fault = bootstrap.queue_stats().read()
    if fault:
        log.error("ages of the queues unavailable", fault)
    return QueuesBody(
        items=[
            QueueBody(priority=each, **depth._asdict(), oldest_age=_whole(ages.get(each)))
            for each, depth in depths.items()
        ]
    )


def _whole(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds)


def _body(identity: str, reasons: Sequence[Reason]) -> WhyBody:
    return WhyBody(
        id=identity,
        reasons=[
            ReasonBody(
                code=reason.code,
                sentence=reason.sentence,
                facts={name: _fact(name, fact) for name, fact in reason.facts.items()},
            )
            for reason in reasons
        ],
    )


def _fact(name: str, fact: Fact) -> Fact:
    timed = isinstance(fact, float) and name.endswith(("_at", "until"))
    return rfc3339(fact) if timed and isinstance(fact, float) else fact
