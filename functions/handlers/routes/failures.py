"""Routes of the failures of a job by cause."""

from typing import Final

from handlers.page_tokens import index_start, next_page_token
from handlers.request_context import NextToken, caller, new_router
from handlers.serializers import discard_body
from shoal import bootstrap
from shoal.domain import ids
from shoal.service.failure_groups import FailureExample, FailureGroup
from shoal.wire.failures import CauseBody, FailureExampleBody, FailuresBody

router = new_router()

SHOWN: Final = 300
"""Most characters of an example's message."""


@router.get("/api/v1/jobs/<job_id>/failures", operation_id="listFailures", tags=["jobs"])
def list_failures(job_id: str, next_token: NextToken = None) -> FailuresBody:
    """Count failed tasks by cause. A cause can be on several pages: add its counts."""
    query = ["failures", job_id]
    page = bootstrap.failure_groups().of_job(
        caller(router).tenant, job_id, start=index_start(next_token, query)
    )
    return FailuresBody(
        items=[_cause(job_id, each) for each in page.groups],
        failed=page.failed,
        counted=page.counted,
        next_token=next_page_token(page.next_index, query),
    )


def _cause(job_id: str, found: FailureGroup) -> CauseBody:
    cause = found.cause
    return CauseBody(
        cause=cause.fingerprint,
        task_type=cause.task_type,
        error_type=cause.error_type,
        message=cause.message,
        count=found.count,
        discarded=found.discarded,
        discard=None if found.discard is None else discard_body(found.discard),
        examples=[_example(job_id, each) for each in found.examples],
    )


def _example(job_id: str, example: FailureExample) -> FailureExampleBody:
    text = example.message
    shown = text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
    return FailureExampleBody(task_id=ids.task_id(job_id, example.task), message=shown)
