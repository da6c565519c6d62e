"""Routes of the attempts of a task."""

from collections.abc import Sequence

from handlers.page_tokens import index_start, next_page_token
from handlers.request_context import NextToken, PageLimit, caller, new_router
from handlers.serializers import MAX_RESPONSE_BYTES, error_body, optional_time, size_of
from shoal import bootstrap
from shoal.domain.attempt import Attempt, AttemptOutcome
from shoal.wire.attempts import AttemptBody, AttemptsBody

router = new_router()


@router.get("/api/v1/tasks/<task_id>/attempts", operation_id="listAttempts", tags=["tasks"])
def list_attempts(
    task_id: str,
    limit: PageLimit = 100,
    next_token: NextToken = None,
) -> AttemptsBody:
    """List the latest attempts of a task, oldest first; the next page has earlier ones."""
    query = ["attempts", task_id]
    page = bootstrap.attempts().of_task(
        caller(router).tenant,
        task_id,
        limit=limit,
        before=None if next_token is None else index_start(next_token, query),
    )
    items = _latest([_body(task_id, each) for each in page.attempts])
    left_out = len(page.attempts) - len(items)
    before = (page.before or 0) + left_out
    return AttemptsBody(items=items, next_token=next_page_token(before or None, query))


def _latest(bodies: Sequence[AttemptBody]) -> list[AttemptBody]:
    """Return as many of the latest attempts as fit into one response."""
    left, first = MAX_RESPONSE_BYTES, len(bodies)
    while first and (left := left - size_of([bodies[first - 1]])) >= 0:
        first -= 1
    return [*bodies[first:]]


def _body(task_id: str, attempt: Attempt) -> AttemptBody:
    completed = attempt.outcome is AttemptOutcome.COMPLETED
    return AttemptBody(
        outcome=attempt.outcome,
        generation=attempt.generation,
        attempt=attempt.number,
        epoch=attempt.epoch,
        report=attempt.report,
        worker=attempt.worker,
        started_at=optional_time(attempt.started_at),
        finished_at=optional_time(attempt.finished_at),
        duration=attempt.duration,
        progress=attempt.progress,
        lease_until=optional_time(attempt.lease_until),
        crashes=attempt.crashes,
        error=error_body(attempt.error),
        result=f"/api/v1/tasks/{task_id}/result" if completed else None,
    )
