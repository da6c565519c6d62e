"""Routes that read, start and end single tasks."""

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
    """Get a task by its id, `{job_id}.{index}`."""
    (body,), _ = fit_response(
        [task_body(bootstrap.task_queries().get(caller(router).tenant, task_id))], None
    )
    return body


@router.get("/api/v1/tasks/<task_id>/result", operation_id="getResult", tags=["tasks"])
def get_result(task_id: str) -> ResultBody:
    """Get the result of a COMPLETED task. Any other status returns 409."""
    result = bootstrap.result_queries().of_task(caller(router).tenant, task_id)
    (body,), _ = fit_response([result_body(result)], None)
    return body


@router.post("/api/v1/tasks/<task_id>/running", operation_id="runTask", tags=["tasks"])
def run_task(task_id: str, body: TaskRunning) -> TaskBody:
    """Start a task by leasing its chunk."""
    return task_body(bootstrap.single_task().running(caller(router).tenant, task_id, body.worker))


@router.post("/api/v1/tasks/<task_id>/complete", operation_id="completeTask", tags=["tasks"])
def complete_task(task_id: str, body: TaskComplete) -> TaskBody:
    """Complete a task with its result."""
    return task_body(
        bootstrap.single_task().complete(caller(router).tenant, task_id, body.worker, body.result)
    )


@router.post("/api/v1/tasks/<task_id>/failed", operation_id="failTask", tags=["tasks"])
def fail_task(task_id: str, body: TaskFailed) -> TaskBody:
    """Fail a task with an error. It is retried according to the job's retry policy."""
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
    """List the artifacts of a task from the attempt whose outcome counts."""
    artifacts = bootstrap.artifacts().of_task(caller(router).tenant, task_id)
    return ArtifactsBody(items=[ArtifactBody(**each._asdict()) for each in artifacts])
