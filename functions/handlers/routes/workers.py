"""Workers: which there are, what they offer, and which fell silent."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query

from handlers.page_tokens import next_page_token, text_start
from handlers.request_context import NextToken, new_router
from shoal import bootstrap
from shoal.wire.workers import WorkerPageBody, worker_body

router = new_router()

WorkerLimit = Annotated[int, Query(ge=1, le=100)]


@router.get("/api/v1/workers", operation_id="listWorkers", tags=["workers"])
def list_workers(limit: WorkerLimit = 50, next_token: NextToken = None) -> WorkerPageBody:
    """List the workers that spoke in the last three days, by name, also those that left."""
    query = ["workers"]
    page = bootstrap.registration().workers(limit=limit, start=text_start(next_token, query))
    now = bootstrap.adapters().clock.now()
    return WorkerPageBody(
        items=[worker_body(worker, now) for worker in page.workers],
        next_token=next_page_token(page.next_key, query),
    )
