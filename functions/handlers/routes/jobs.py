"""Routes that submit, list, read and control jobs."""

import json
from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query

from handlers import log
from handlers.page_tokens import next_page_token, text_start
from handlers.request_context import (
    IdempotencyKey,
    NextToken,
    PageLimit,
    caller,
    new_router,
    request_id,
)
from handlers.serializers import job_body, job_path, upload_body
from shoal import bootstrap
from shoal.domain import trace
from shoal.domain.audit_event import Action
from shoal.domain.errors import InvalidRequest
from shoal.domain.job import Job, JobStatus
from shoal.domain.job_filter import JobFilter
from shoal.domain.selection import Discard, Selection
from shoal.service.submission import Submitted, fingerprint
from shoal.wire.fields import Instant, Name, TagSought
from shoal.wire.jobs import JobBody, JobPageBody
from shoal.wire.steering import ChangeRequest, CloneRequest, DiscardRequest, RetryRequest
from shoal.wire.submission import JobSubmission, UploadBody, UploadRequest
from shoal.wire.worker import TypeName

router = new_router()

type Handler = Callable[[str], Response[JobBody]]


@router.post(
    "/api/v1/jobs", operation_id="submitJob", tags=["jobs"], status_code=HTTPStatus.CREATED
)
def submit_job(body: JobSubmission, idempotency_key: IdempotencyKey = None) -> Response[JobBody]:
    """Submit a job. A repeated Idempotency-Key with the same body returns the same job."""
    submitted = bootstrap.submission().submit(
        caller(router).tenant,
        body.spec(),
        inputs=body.inputs,
        inputs_uri=body.inputs_uri,
        key=idempotency_key,
        fingerprint=fingerprint(router.current_event.json_body),
        trace=trace.from_header(router.current_event.headers.get("traceparent")),
    )
    bootstrap.audit_trail().record_submission(caller(router), submitted.job)
    return _submitted(submitted)


@router.get("/api/v1/jobs", operation_id="listJobs", tags=["jobs"])
def list_jobs(
    *,
    status: Annotated[list[JobStatus] | None, Query()] = None,
    since: Annotated[Instant | None, Query()] = None,
    until: Annotated[Instant | None, Query()] = None,
    task_type: Annotated[TypeName | None, Query(alias="type")] = None,
    name: Annotated[Name, Query()] = "",
    tag: Annotated[TagSought | None, Query()] = None,
    limit: PageLimit = 50,
    next_token: NextToken = None,
) -> JobPageBody:
    """List jobs, newest first. A page can have fewer than `limit` jobs even if more follow.

    `status` takes several values separated by commas. `since` (inclusive) and `until` (exclusive)
    limit the creation time. `name` is a prefix of the name. `tag` is `key=value`, or only a key.
    """
    which = JobFilter.of(
        statuses=status or (), since=since, until=until, task_type=task_type, name=name, tag=tag
    )
    if which.backwards:
        detail = "must be later than since"
        raise InvalidRequest(f"until {detail}", [("until", detail)])
    query = ["jobs", *_query_words(which)]
    page = bootstrap.job_queries().page(
        caller(router).tenant, which, limit=limit, start=text_start(next_token, query)
    )
    return JobPageBody(
        items=[*map(job_body, page.jobs)], next_token=next_page_token(page.next_key, query)
    )


@router.get("/api/v1/jobs/<job_id>", operation_id="getJob", tags=["jobs"])
def get_job(job_id: str) -> JobBody:
    """Get a job with its task counts by status."""
    return job_body(bootstrap.job_queries().get(caller(router).tenant, job_id))


@router.patch("/api/v1/jobs/<job_id>", operation_id="changeJob", tags=["jobs"])
def change_job(job_id: str, body: ChangeRequest) -> JobBody:
    """Change the name, priority, max_parallelism or tags of an open job."""
    changes = body.changes()
    job = bootstrap.job_control().change(caller(router).tenant, job_id, changes)
    bootstrap.audit_trail().record(caller(router), Action.CHANGE, job_id, _audit_detail(changes))
    return job_body(bootstrap.job_queries().view(job))


def _audit_detail(changes: Mapping[str, Any]) -> dict[str, str]:
    """Return the changes for the audit trail; of tags, only the keys."""
    detail = {name: "none" if value is None else str(value) for name, value in changes.items()}
    tags = changes.get("tags", {})
    return detail | ({"tags": ", ".join(sorted(tags)[:10])} if "tags" in detail else {})


@router.delete(
    "/api/v1/jobs/<job_id>",
    operation_id="deleteJob",
    tags=["jobs"],
    status_code=HTTPStatus.NO_CONTENT,
)
def delete_job(job_id: str) -> Response[None]:
    """Delete a job that has ended. Later requests for the job return 404, except a repeated one."""
    if bootstrap.job_control().delete(caller(router).tenant, job_id):
        bootstrap.audit_trail().record(caller(router), Action.DELETE, job_id)
    return Response(HTTPStatus.NO_CONTENT.value)


def job_action(verb: str) -> Callable[[Handler], Handler]:
    """Route a verb that controls a job and returns the changed job."""
    return router.post(
        f"/api/v1/jobs/<job_id>/{verb}",
        operation_id=f"{verb}Job",
        tags=["jobs"],
        status_code=HTTPStatus.ACCEPTED,
    )


@job_action("cancel")
def cancel_job(job_id: str) -> Response[JobBody]:
    """Cancel a job: no further task starts, and running tasks are stopped."""
    job = bootstrap.job_control().cancel(caller(router).tenant, job_id)
    bootstrap.audit_trail().record(caller(router), Action.CANCEL, job_id)
    return _response(job, HTTPStatus.ACCEPTED)


@job_action("pause")
def pause_job(job_id: str) -> Response[JobBody]:
    """Pause a job: no further chunk starts, and running chunks continue."""
    job = bootstrap.job_control().pause(caller(router).tenant, job_id)
    bootstrap.audit_trail().record(caller(router), Action.PAUSE, job_id)
    return _response(job, HTTPStatus.ACCEPTED)


@job_action("resume")
def resume_job(job_id: str) -> Response[JobBody]:
    """Resume a paused job."""
    job = bootstrap.job_control().resume(caller(router).tenant, job_id)
    bootstrap.audit_trail().record(caller(router), Action.RESUME, job_id)
    return _response(job, HTTPStatus.ACCEPTED)


@router.post(
    "/api/v1/jobs/<job_id>/retry",
    operation_id="retryJob",
    tags=["jobs"],
    status_code=HTTPStatus.ACCEPTED,
)
def retry_job(job_id: str, body: RetryRequest | None = None) -> Response[JobBody]:
    """Retry a FAILED job: all tasks that did not complete, or selected failed tasks."""
    selection = None if body is None else body.selection()
    canary = None if body is None else body.canary
    detail = {} if selection is None else selection.audit_detail()
    bootstrap.audit_trail().record_canary(job_id)
    if canary is None:
        job = bootstrap.retries().retry(caller(router).tenant, job_id, selection)
    else:
        share, bar = canary.share, canary.bar
        job = bootstrap.retries().retry_canary(caller(router).tenant, job_id, selection, share, bar)
        detail |= {"canary": f"{share:.4g} first; the others if {bar:.4g} of them succeed"}
    bootstrap.audit_trail().record(caller(router), Action.RETRY, job_id, detail)
    return _response(job, HTTPStatus.ACCEPTED)


@router.post("/api/v1/jobs/<job_id>/discard", operation_id="discardFailures", tags=["jobs"])
def discard_failures(job_id: str, body: DiscardRequest) -> JobBody:
    """Discard failed tasks of a job that has ended. A retry of all tasks does not run them."""
    who = caller(router)
    discard = Discard(
        body.selection() or Selection(), body.reason, who.name, bootstrap.adapters().clock.now()
    )
    job = bootstrap.retries().discard(who.tenant, job_id, discard)
    detail = discard.selection.audit_detail() | {"reason": body.reason}
    bootstrap.audit_trail().record(who, Action.DISCARD, job_id, detail)
    return job_body(bootstrap.job_queries().view(job))


@router.post(
    "/api/v1/jobs/<job_id>/clone",
    operation_id="cloneJob",
    tags=["jobs"],
    status_code=HTTPStatus.CREATED,
)
def clone_job(
    job_id: str, body: CloneRequest | None = None, idempotency_key: IdempotencyKey = None
) -> Response[JobBody]:
    """Submit a copy of a job, with the changes in the body."""
    submitted = bootstrap.submission().clone(
        caller(router).tenant,
        job_id,
        {} if body is None else body.changes(),
        key=idempotency_key,
        fingerprint=fingerprint({"clone": job_id, "changes": router.current_event.json_body}),
        trace=trace.from_header(router.current_event.headers.get("traceparent")),
    )
    bootstrap.audit_trail().record_submission(caller(router), submitted.job, like=job_id)
    return _submitted(submitted)


@router.post("/api/v1/inputs", operation_id="uploadInputs", tags=["jobs"])
def upload_inputs(body: UploadRequest | None = None) -> UploadBody:
    """Get a link to upload inputs of up to 1 GB. PUT JSON Lines, then submit with `inputs_uri`."""
    size = None if body is None else body.size
    return upload_body(bootstrap.submission().upload(caller(router).tenant, size))


def _submitted(submitted: Submitted) -> Response[JobBody]:
    job_id, replayed = submitted.job.id, submitted.replayed
    log.info("job submitted", job=job_id, replayed=replayed, request_id=request_id(router))
    headers = {"Location": job_path(job_id)} | (
        {"Idempotency-Replayed": "true"} if replayed else {}
    )
    return _response(submitted.job, HTTPStatus.CREATED, headers)


def _response(
    job: Job, status: HTTPStatus, headers: Mapping[str, str] | None = None
) -> Response[JobBody]:
    """Return the response with a job that the request read or wrote."""
    body = job_body(bootstrap.job_queries().view(job))
    return Response(status.value, "application/json", body, headers=headers)


def _query_words(which: JobFilter) -> Iterator[str]:
    """Yield the parameters of a filter that a token is bound to."""
    yield ",".join(sorted(which.statuses))
    yield f"{which.first}-{which.end}"
    yield which.task_type or ""
    yield which.name
    yield "" if which.tag is None else json.dumps(which.tag)
