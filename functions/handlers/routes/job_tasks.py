"""Routes that list and search the tasks of a job."""

from collections.abc import Iterator
from typing import Annotated, Final, Literal

from aws_lambda_powertools.event_handler.openapi.params import Query

from handlers.page_tokens import index_start, next_page_token
from handlers.request_context import NextToken, TaskLimit, caller, distinct, new_router
from handlers.serializers import drop_large_results, fit_response, task_body
from shoal import bootstrap
from shoal.domain.counts import TaskStatus
from shoal.domain.errors import InvalidRequest
from shoal.domain.sizing import MAX_TASKS
from shoal.domain.task_filter import TaskFilter
from shoal.wire.tasks import TaskPageBody

router = new_router()

MOST_SLOWEST: Final = 100

Attempts = Annotated[int, Query(ge=0, le=1_000)]
Cause = Annotated[str | None, Query(pattern="^[0-9a-f]{16}$")]
Start = Annotated[int, Query(ge=0, le=MAX_TASKS)]
End = Annotated[int | None, Query(ge=1, le=MAX_TASKS)]


@router.get("/api/v1/jobs/<job_id>/tasks", operation_id="listTasks", tags=["jobs"])
def list_tasks(
    job_id: str,
    *,
    status: Annotated[list[TaskStatus] | None, Query()] = None,
    attempts: Attempts = 0,
    cause: Cause = None,
    start: Start = 0,
    end: End = None,
    order: Annotated[Literal["index", "slowest"], Query()] = "index",
    limit: TaskLimit = 100,
    next_token: NextToken = None,
) -> TaskPageBody:
    """List tasks by index. A page can have fewer than `limit` tasks even if more follow.

    `status` takes several values separated by commas. `attempts` is the minimum number of attempts.
    `cause` is the cause of failed tasks from listFailures. Indices are from `start` (inclusive) to
    `end` (exclusive). `order=slowest` returns the longest-running tasks of each page, at most 100,
    the slowest first. The slowest tasks of the job are known after the last page.
    """
    _check_query(status, cause, order, limit)
    which = TaskFilter(statuses=frozenset(status or ()), attempts=attempts, cause=cause, end=end)
    query = ["tasks", job_id, *distinct(status), *_query_words(which, start, order)]
    first = start if next_token is None else index_start(next_token, query)
    if order == "slowest":
        find = bootstrap.task_search().slowest
    else:
        find = (
            bootstrap.task_queries().of_job if cause is None else bootstrap.task_search().by_cause
        )
    page = find(caller(router).tenant, job_id, which, limit=limit, start=first)
    items, following = [*map(task_body, page.tasks)], page.next_index
    if order == "slowest":
        items = drop_large_results(items)
    else:
        items, following = fit_response(items, following)
    return TaskPageBody(
        items=items, next_token=next_page_token(following, query), rows_read=page.read
    )


def _check_query(
    statuses: list[TaskStatus] | None, cause: str | None, order: str, limit: int
) -> None:
    """Raise InvalidRequest if no task can match the query."""
    if cause is not None and statuses and TaskStatus.FAILED not in statuses:
        detail = "requires status FAILED"
        raise InvalidRequest(f"cause {detail}", [("cause", detail)])
    if order == "slowest" and limit > MOST_SLOWEST:
        detail = f"must not exceed {MOST_SLOWEST} with order=slowest"
        raise InvalidRequest(f"limit {detail}", [("limit", detail)])


def _query_words(which: TaskFilter, start: int, order: str) -> Iterator[str]:
    """Return the parameters that a token is bound to, without statuses and default values."""
    words = {
        "attempts": which.attempts,
        "cause": which.cause,
        "start": start,
        "end": which.end,
        "order": None if order == "index" else order,
    }
    return (f"{name}={value}" for name, value in words.items() if value)
