"""Tasks, one at a time: what came of one, and what people and other workers say of it."""

from handlers.request_context import caller, new_router
from handlers.serializers import fit_response, result_body, task_body
from shoal import bootstrap
from shoal.domain.outcome import TaskError
from shoal.wire.results import ResultBody
from shoal.wire.tasks import (
    ArtifactBody,
    ArtifactsBody,
    TaskBody,
    TaskComplete,
    TaskFailed,
    TaskRunning,
)

router = new_router()


@router.get("/api/v1/tasks/<task_id>", operation_id="getTask", tags=["tasks"])
def get_task(task_id: str) -> TaskBody:
    """One task, `{job_id}.{index}`."""
    (body,), _ = fit_response(
        [task_body(bootstrap.task_queries().get(caller(router).tenant, task_id))], None
    )
    return body


@router.get("/api/v1/tasks/<task_id>/result", operation_id="getResult", tags=["tasks"])
def get_result(task_id: str) -> ResultBody:
    """Get what a completed task returned; 409 while, or because, it did not complete."""
    result = bootstrap.result_queries().of_task(caller(router).tenant, task_id)
    (body,), _ = fit_response([result_body(result)], None)
    return body


@router.post("/api/v1/tasks/<task_id>/running", operation_id="runTask", tags=["tasks"])
def run_task(task_id: str, body: TaskRunning) -> TaskBody:
    """Take a task on, with its chunk."""
    return task_body(bootstrap.single_task().running(caller(router).tenant, task_id, body.worker))


@router.post("/api/v1/tasks/<task_id>/complete", operation_id="completeTask", tags=["tasks"])
def complete_task(task_id: str, body: TaskComplete) -> TaskBody:
    """Say what a task returned."""
    return task_body(
        bootstrap.single_task().complete(caller(router).tenant, task_id, body.worker, body.result)
    )


@router.post("/api/v1/tasks/<task_id>/failed", operation_id="failTask", tags=["tasks"])
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
    return task_body(
        bootstrap.single_task().failed(caller(router).tenant, task_id, body.worker, error)
    )


@router.get("/api/v1/tasks/<task_id>/artifacts", operation_id="listArtifacts", tags=["tasks"])
def list_artifacts(task_id: str) -> ArtifactsBody:
    """List the files that a task stored in the attempt whose outcome counts."""
    artifacts = bootstrap.artifacts().of_task(caller(router).tenant, task_id)
    return ArtifactsBody(items=[ArtifactBody(**each._asdict()) for each in artifacts])
