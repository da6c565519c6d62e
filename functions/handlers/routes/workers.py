"""Routes of the workers, with their task types and status."""

from handlers.page_tokens import next_page_token, text_start
from handlers.request_context import NextToken, PageLimit, new_router
from shoal import bootstrap
from shoal.wire.workers import WorkerPageBody, worker_body

router = new_router()


@router.get("/api/v1/workers", operation_id="listWorkers", tags=["workers"])
def list_workers(limit: PageLimit = 50, next_token: NextToken = None) -> WorkerPageBody:
    """List the workers of the last three days by name, including those that have left."""
    query = ["workers"]
    page = bootstrap.registration().workers(limit=limit, start=text_start(next_token, query))
    now = bootstrap.adapters().clock.now()
    return WorkerPageBody(
        items=[worker_body(worker, now) for worker in page.workers],
        next_token=next_page_token(page.next_key, query),
    )
