"""What routes ask of a request: who asks, and how a list is paged and filtered."""

from collections.abc import Sequence
from typing import Annotated

from aws_lambda_powertools.event_handler.api_gateway import BaseRouter, Router
from aws_lambda_powertools.event_handler.openapi.params import Query

from handlers import gateway
from shoal.domain.caller import Caller
from shoal.domain.counts import TaskStatus
from shoal.domain.job import JobStatus

NextToken = Annotated[str | None, Query(max_length=2_048)]
TaskLimit = Annotated[int, Query(ge=1, le=1_000)]


def new_router() -> Router:
    """For the routes of one noun; `handlers.api` includes it."""
    return Router()  # type: ignore[no-untyped-call]


def caller(router: BaseRouter) -> Caller:
    """Who asks."""
    del router
    return Caller("default", "nobody", frozenset())


def chosen[S: (JobStatus, TaskStatus)](statuses: Sequence[S] | None) -> list[S]:
    """The statuses that a list is filtered by, each once."""
    return sorted(set(statuses or ()))


def request_id(router: BaseRouter) -> str:
    """The id that API Gateway gave the request."""
    return gateway.request_id(router.current_event.raw_event)
