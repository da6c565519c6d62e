"""Routes of the audit trail."""

from handlers.page_tokens import next_page_token, text_start
from handlers.request_context import NextToken, PageLimit, caller, new_router
from shoal import bootstrap
from shoal.ports.audit import AuditPage
from shoal.wire.events import EventPageBody, event_body

router = new_router()


@router.get("/api/v1/events", operation_id="listEvents", tags=["events"])
def list_events(limit: PageLimit = 50, next_token: NextToken = None) -> EventPageBody:
    """List the audit events of the tenant's jobs, newest first."""
    query = ["events"]
    page = bootstrap.audit_trail().of_tenant(
        caller(router).tenant, limit=limit, start=text_start(next_token, query)
    )
    return _body(page, query)


@router.get("/api/v1/jobs/<job_id>/events", operation_id="listJobEvents", tags=["events"])
def list_job_events(
    job_id: str, limit: PageLimit = 50, next_token: NextToken = None
) -> EventPageBody:
    """List the audit events of a job, newest first."""
    query = ["events", job_id]
    page = bootstrap.audit_trail().of_job(
        caller(router).tenant, job_id, limit=limit, start=text_start(next_token, query)
    )
    return _body(page, query)


def _body(page: AuditPage, query: list[str]) -> EventPageBody:
    return EventPageBody(
        items=[event_body(event) for event in page.events],
        next_token=next_page_token(page.next_key, query),
    )
