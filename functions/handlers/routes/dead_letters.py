"""Routes of the dead letters of a tenant's jobs."""

from handlers.page_tokens import next_page_token, text_start
from handlers.request_context import NextToken, PageLimit, caller, new_router
from shoal import bootstrap
from shoal.wire.dead_letters import DeadLetterPageBody, dead_letters_body

router = new_router()


@router.get("/api/v1/dead-letters", operation_id="listDeadLetters", tags=["jobs"])
def list_dead_letters(limit: PageLimit = 50, next_token: NextToken = None) -> DeadLetterPageBody:
    """List dead letters by job and cause, newest first."""
    query = ["dead-letters"]
    page = bootstrap.dead_letters().of_tenant(
        caller(router).tenant, limit=limit, start=text_start(next_token, query)
    )
    return DeadLetterPageBody(
        items=[dead_letters_body(each) for each in page.letters],
        next_token=next_page_token(page.next_key, query),
    )


@router.get("/api/v1/jobs/<job_id>/dead-letters", operation_id="listJobDeadLetters", tags=["jobs"])
def list_job_dead_letters(job_id: str) -> DeadLetterPageBody:
    """List the dead letters of a job by cause, newest first."""
    found = bootstrap.dead_letters().of_job(caller(router).tenant, job_id)
    return DeadLetterPageBody(items=[dead_letters_body(each) for each in found])
