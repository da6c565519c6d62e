"""What users call: submit, watch, steer; and task types, inputs, one task at a time."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Annotated, Any, Final

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.middlewares import NextMiddleware
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from aws_lambda_powertools.event_handler.openapi.params import Header, Query

from handlers import gateway, log, problems
from handlers.problems import NoSuchRoute, invalid
from handlers.reading import read_object
from handlers.tokens import index_start, text_start, token
from handlers.views import (
    fitting,
    job_body,
    job_path,
    result_body,
    task_body,
    task_type_body,
    upload_body,
)
from shoal import bootstrap
from shoal.domain import trace
from shoal.domain.counts import TaskStatus
from shoal.domain.errors import InvalidRequest
from shoal.domain.job import JobStatus
from shoal.domain.outcome import TaskError
from shoal.service.submitting import fingerprint
from shoal.wire.jobs import (
    ArtifactBody,
    ArtifactsBody,
    HealthBody,
    JobBody,
    JobPageBody,
    JobSubmission,
    ResultPageBody,
    TaskBody,
    TaskComplete,
    TaskFailed,
    TaskPageBody,
    TaskRunning,
    TaskTypesBody,
    UploadBody,
)

TENANT: Final = "default"
"""Whose everything is, until tenants sign in."""

IdempotencyKey = Annotated[
    str | None, Header(alias="Idempotency-Key", pattern=r"^[\x21-\x7e]{1,255}$")
]
type Handler = Callable[[str], Response[JobBody]]
NextToken = Annotated[str | None, Query(max_length=2_048)]
JobLimit = Annotated[int, Query(ge=1, le=100)]
TaskLimit = Annotated[int, Query(ge=1, le=1_000)]

app = APIGatewayHttpResolver(
    enable_validation=True,
    response_validation_error_http_code=HTTPStatus.INTERNAL_SERVER_ERROR,
    json_body_deserializer=read_object,
)


def handler(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """A request of API Gateway → its answer."""
    identity = gateway.request_id(event)
    try:
        read = gateway.read(event)
    except Exception as error:  # noqa: BLE001 - every error is an answer, by one table
        return gateway.payload(problems.answer(error, identity), identity)
    answer = app.resolve(read, context)
    answer["headers"][gateway.REQUEST_ID] = identity
    return answer


# Jobs


@app.post("/api/v1/jobs", operation_id="submitJob", tags=["jobs"], status_code=HTTPStatus.CREATED)
def submit_job(body: JobSubmission, idempotency_key: IdempotencyKey = None) -> Response[JobBody]:
    """Submit a job. The same Idempotency-Key and body again give the same job again."""
    submitted = bootstrap.submitting().submit(
        TENANT,
        body.spec(),
        inputs=body.inputs,
        inputs_uri=body.inputs_uri,
        key=idempotency_key,
        fingerprint=fingerprint(app.current_event.json_body),
        trace=trace.kept(app.current_event.headers.get("traceparent")),
    )
    job_id, replayed = submitted.job.id, submitted.replayed
    log.say("job submitted", job=job_id, replayed=replayed, request_id=_request_id())
    headers = {"Location": job_path(job_id)} | (
        {"Idempotency-Replayed": "true"} if replayed else {}
    )
    return _job(job_id, HTTPStatus.CREATED, headers)


@app.get("/api/v1/jobs", operation_id="listJobs", tags=["jobs"])
def list_jobs(
    status: Annotated[list[JobStatus] | None, Query()] = None,
    limit: JobLimit = 50,
    next_token: NextToken = None,
) -> JobPageBody:
    """List jobs, newest first; `status` names one or several, joined by commas."""
    statuses = _chosen(status)
    query = ["jobs", *statuses]
    page = bootstrap.viewing().page(
        TENANT, statuses=statuses, limit=limit, start=text_start(next_token, query)
    )
    return JobPageBody(items=[*map(job_body, page.jobs)], next_token=token(page.next_key, query))


@app.get("/api/v1/jobs/<job_id>", operation_id="getJob", tags=["jobs"])
def get_job(job_id: str) -> JobBody:
    """One job with its tasks by status."""
    return job_body(bootstrap.viewing().job(TENANT, job_id))


@app.get("/api/v1/jobs/<job_id>/tasks", operation_id="listTasks", tags=["jobs"])
def list_tasks(
    job_id: str,
    status: Annotated[list[TaskStatus] | None, Query()] = None,
    limit: TaskLimit = 100,
    next_token: NextToken = None,
) -> TaskPageBody:
    """List tasks by index. A page may have fewer than `limit`: go on while there is a token."""
    statuses = _chosen(status)
    query = ["tasks", job_id, *statuses]
    page = bootstrap.viewing().tasks(
        TENANT, job_id, statuses=statuses, limit=limit, start=index_start(next_token, query)
    )
    items, following = fitting([*map(task_body, page.tasks)], page.next_index)
    return TaskPageBody(items=items, next_token=token(following, query))


@app.get("/api/v1/jobs/<job_id>/results", operation_id="listResults", tags=["jobs"])
def list_results(
    job_id: str, limit: TaskLimit = 100, next_token: NextToken = None
) -> ResultPageBody:
    """What completed tasks returned, by index. Go on while there is a token."""
    query = ["results", job_id]
    page = bootstrap.viewing().results(
        TENANT, job_id, limit=limit, start=index_start(next_token, query)
    )
    items, following = fitting([*map(result_body, page.results)], page.next_index)
    return ResultPageBody(items=items, next_token=token(following, query))


def steering(verb: str) -> Callable[[Handler], Handler]:
    """Route a verb that changes the course of a job; the answer is the job as it then is."""
    return app.post(
        f"/api/v1/jobs/<job_id>/{verb}",
        operation_id=f"{verb}Job",
        tags=["jobs"],
        status_code=HTTPStatus.ACCEPTED,
    )


@steering("cancel")
def cancel_job(job_id: str) -> Response[JobBody]:
    """End a job: nothing of it begins any more, what runs is stopped."""
    bootstrap.control().cancel(TENANT, job_id)
    return _job(job_id, HTTPStatus.ACCEPTED)


@steering("pause")
def pause_job(job_id: str) -> Response[JobBody]:
    """Begin no further chunk of a job; what runs goes on."""
    bootstrap.control().pause(TENANT, job_id)
    return _job(job_id, HTTPStatus.ACCEPTED)


@steering("resume")
def resume_job(job_id: str) -> Response[JobBody]:
    """Go on with a paused job."""
    bootstrap.control().resume(TENANT, job_id)
    return _job(job_id, HTTPStatus.ACCEPTED)


@steering("retry")
def retry_job(job_id: str) -> Response[JobBody]:
    """Run the tasks of a FAILED job that did not complete again."""
    bootstrap.control().retry(TENANT, job_id)
    return _job(job_id, HTTPStatus.ACCEPTED)


# Tasks


@app.get("/api/v1/tasks/<task_id>", operation_id="getTask", tags=["tasks"])
def get_task(task_id: str) -> TaskBody:
    """One task, `{job_id}.{index}`."""
    (body,), _ = fitting([task_body(bootstrap.viewing().task(TENANT, task_id))], None)
    return body


@app.post("/api/v1/tasks/<task_id>/running", operation_id="runTask", tags=["tasks"])
def run_task(task_id: str, body: TaskRunning) -> TaskBody:
    """Take a task on, with its chunk."""
    return task_body(bootstrap.tasking().running(TENANT, task_id, body.worker))


@app.post("/api/v1/tasks/<task_id>/complete", operation_id="completeTask", tags=["tasks"])
def complete_task(task_id: str, body: TaskComplete) -> TaskBody:
    """Say what a task returned."""
    return task_body(bootstrap.tasking().complete(TENANT, task_id, body.worker, body.result))


@app.post("/api/v1/tasks/<task_id>/failed", operation_id="failTask", tags=["tasks"])
def fail_task(task_id: str, body: TaskFailed) -> TaskBody:
    """Say why a task failed; it is tried again if its job's retry policy says so."""
    fault = body.error
    error = TaskError(
        fault.type,
        fault.message,
        retryable=fault.retryable,
        tail=fault.tail,
        retry_after=fault.retry_after,
    )
    return task_body(bootstrap.tasking().failed(TENANT, task_id, body.worker, error))


@app.get("/api/v1/tasks/<task_id>/artifacts", operation_id="listArtifacts", tags=["tasks"])
def list_artifacts(task_id: str) -> ArtifactsBody:
    """List the files that a task stored in the attempt whose outcome counts."""
    artifacts = bootstrap.keeping().of_task(TENANT, task_id)
    return ArtifactsBody(items=[ArtifactBody(**each._asdict()) for each in artifacts])


# Task types, inputs, health


@app.get("/api/v1/task-types", operation_id="listTaskTypes", tags=["task types"])
def list_task_types() -> TaskTypesBody:
    """List the task types that workers have registered."""
    return TaskTypesBody(items=[*map(task_type_body, bootstrap.types().all())])


@app.post("/api/v1/inputs", operation_id="uploadInputs", tags=["jobs"])
def upload_inputs() -> UploadBody:
    """Get a place for inputs of up to 1 GB: PUT JSON Lines there, then submit with its URI."""
    return upload_body(bootstrap.submitting().upload(TENANT))


@app.get("/api/v1/health", operation_id="getHealth", tags=["health"], security=[{}])
def get_health() -> HealthBody:
    """Whether the API answers."""
    return HealthBody(status="ok")


# What all routes share


def _job(
    job_id: str, status: HTTPStatus, headers: Mapping[str, str] | None = None
) -> Response[JobBody]:
    """The job as it now is."""
    body = job_body(bootstrap.viewing().job(TENANT, job_id))
    return Response(status.value, "application/json", body, headers=headers)


def _chosen[S: (JobStatus, TaskStatus)](statuses: Sequence[S] | None) -> list[S]:
    return sorted(set(statuses or ()))


def _request_id() -> str:
    return gateway.request_id(app.current_event.raw_event)


def known_query(resolver: APIGatewayHttpResolver, go_on: NextMiddleware) -> Response[Any]:
    """Refuse a query parameter that the route does not know: a typo would list everything."""
    known = {param.alias for param in resolver.context["_route"].dependant.query_params}
    unknown = sorted(set(resolver.current_event.query_string_parameters) - known)
    if unknown:
        shown = [("query", f"has a parameter that is not one of {sorted(known)}")]
        raise InvalidRequest("the query has a parameter that nothing knows", shown)
    return go_on(resolver)


def etag(resolver: APIGatewayHttpResolver, go_on: NextMiddleware) -> Response[Any]:
    """Tag what GET answers, and answer 304 to who has it already."""
    response = go_on(resolver)
    event = resolver.current_event
    if event.http_method != "GET" or response.status_code != HTTPStatus.OK:
        return response
    response.body = json.dumps(response.body, separators=(",", ":"))
    tag = f'"{hashlib.sha256(response.body.encode()).hexdigest()[:32]}"'
    response.headers["ETag"] = tag
    known = event.headers.get("if-none-match", "")
    if tag in {each.strip().removeprefix("W/") for each in known.split(",")}:
        return Response(HTTPStatus.NOT_MODIFIED.value, headers={"ETag": tag}, body="")
    return response


def _problem(error: Exception) -> Response[str]:
    if isinstance(error, RequestValidationError):
        error = invalid(error.errors())
    if isinstance(error, NotFoundError):
        error = NoSuchRoute("nothing answers here")
    answer = problems.answer(error, _request_id())
    return Response(answer.status, body=answer.body, headers=answer.headers)


app.use([known_query, etag])
app.exception_handler(Exception)(_problem)
