"""Converts the results of use-cases to response bodies."""

import json
from collections.abc import Sequence
from typing import Final

from pydantic import BaseModel

from shoal.domain import ids
from shoal.domain.canary import Canary
from shoal.domain.outcome import TaskError
from shoal.domain.selection import Discard, Selection
from shoal.ports.task_types import TaskType
from shoal.service.job_queries import JobView
from shoal.service.result_queries import MissingResults, Result
from shoal.service.submission import Upload
from shoal.service.task_queries import TaskView
from shoal.wire.jobs import CanaryBody, CountsBody, DiscardBody, JobBody, JobLinks, SelectionBody
from shoal.wire.results import MissingBody, MissingWhy, ResultBody
from shoal.wire.retry import RetryBody
from shoal.wire.submission import UploadBody
from shoal.wire.task_types import TaskTypeBody
from shoal.wire.tasks import TaskBody, TaskErrorBody
from shoal.wire.times import rfc3339

MAX_RESPONSE_BYTES: Final = 4_000_000
"""Most bytes of the items of a page. The limit of a Lambda response is 6 MB."""


def fit_response[B: (TaskBody, ResultBody)](
    bodies: Sequence[B], following: int | None
) -> tuple[list[B], int | None]:
    """Return the items of a page that fit into one response, and the next index."""
    if size_of(bodies) <= MAX_RESPONSE_BYTES:
        return list(bodies), following
    fit: list[B] = []
    size = 0
    for body in bodies:
        length = size_of([body])
        if length > MAX_RESPONSE_BYTES:
            fit.append(body.model_copy(update={"result": None, "too_large": True}))
            continue
        size += length
        if size > MAX_RESPONSE_BYTES:
            return fit, body.index
        fit.append(body)
    return fit, following


def drop_large_results(bodies: Sequence[TaskBody]) -> list[TaskBody]:
    """Return all items of a page; drop the results that do not fit into one response."""
    left = MAX_RESPONSE_BYTES - size_of([_without_result(body) for body in bodies])
    fit = []
    for body in bodies:
        length = size_of([body]) - size_of([_without_result(body)])
        fit.append(body if length <= left else _without_result(body))
        left -= length if length <= left else 0
    return fit


def _without_result(body: TaskBody) -> TaskBody:
    return body.model_copy(update={"result": None, "too_large": True})


def size_of(bodies: Sequence[BaseModel]) -> int:
    """Return the size of the bodies as JSON, in bytes."""
    return len(json.dumps([body.model_dump() for body in bodies]))


def job_path(job_id: str) -> str:
    """Return the path of a job."""
    return f"/api/v1/jobs/{job_id}"


def job_body(view: JobView) -> JobBody:
    """Return the body of a job."""
    job, spec, path = view.job, view.job.spec, job_path(view.job.id)
    return JobBody(
        id=job.id,
        name=spec.name,
        task_type=spec.task_type,
        status=job.status,
        paused=job.paused,
        paused_at=optional_time(job.paused_at),
        drained=job.paused and not view.counts.running,
        ending=job.ending,
        generation=job.generation,
        selection=_selection(job.selection),
        discards=[*map(discard_body, job.discards)],
        canary=_canary(job.canary),
        task_count=job.task_count,
        chunk_size=job.chunk_size,
        counts=CountsBody(**view.counts._asdict()),
        version=view.version,
        priority=spec.priority,
        max_parallelism=spec.max_parallelism,
        timeout=spec.timeout,
        retry=RetryBody.of(spec.policy),
        deadline=optional_time(job.deadline),
        max_failed=spec.max_failed,
        created_at=rfc3339(job.created_at),
        started_at=optional_time(job.started_at),
        finished_at=optional_time(job.finished_at),
        reason=job.reason,
        tags=spec.tags,
        links=JobLinks(self=path, tasks=f"{path}/tasks", results=f"{path}/results"),
    )


def task_body(view: TaskView) -> TaskBody:
    """Return the body of a task."""
    outcome = view.outcome
    return TaskBody(
        id=ids.task_id(view.job.id, view.index),
        job_id=view.job.id,
        index=view.index,
        status=view.status,
        attempts=view.attempts,
        worker=view.worker,
        progress=view.progress,
        started_at=None if outcome is None else rfc3339(outcome.started_at),
        finished_at=None if outcome is None else rfc3339(outcome.started_at + outcome.duration),
        duration=None if outcome is None else outcome.duration,
        input=view.input,
        result=None if outcome is None else outcome.result,
        error=None if outcome is None else error_body(outcome.error),
    )


def result_body(result: Result) -> ResultBody:
    """Return the body of a result."""
    return ResultBody(index=result.index, result=result.result)


def missing_body(missing: MissingResults) -> MissingBody:
    """Return the body of a run of missing results."""
    return MissingBody(
        first=missing.first,
        last=missing.last,
        count=missing.count,
        why=MissingWhy.of(missing.why),
    )


def task_type_body(task_type: TaskType) -> TaskTypeBody:
    """Return the body of a task type."""
    return TaskTypeBody(
        name=task_type.name,
        input_schema=task_type.schema,
        timeout=task_type.timeout,
        retry=None if task_type.retry is None else RetryBody.of(task_type.retry),
        batch=task_type.batch,
        image=task_type.image,
        digest=task_type.digest,
        description=task_type.description,
        mean_seconds=task_type.mean_seconds,
    )


def upload_body(upload: Upload) -> UploadBody:
    """Return the body of an upload link."""
    return UploadBody(
        inputs_uri=upload.uri,
        upload_url=upload.link.url,
        upload_headers=upload.link.headers,
        expires_at=rfc3339(upload.expires_at),
    )


def _selection(selection: Selection | None) -> SelectionBody | None:
    if selection is None:
        return None
    return SelectionBody(cause=selection.cause, tasks=selection.size)


def discard_body(discard: Discard) -> DiscardBody:
    """Return the body of a discard."""
    chosen = discard.selection
    return DiscardBody(
        cause=chosen.cause,
        tasks=chosen.size,
        reason=discard.reason,
        by=discard.who,
        at=rfc3339(discard.at),
    )


def _canary(canary: Canary | None) -> CanaryBody | None:
    if canary is None:
        return None
    return CanaryBody(
        share=canary.share,
        bar=canary.bar,
        generation=canary.generation,
        tried=canary.tried,
        succeeded=canary.succeeded,
        verdict=canary.verdict,
    )


def error_body(error: TaskError | None) -> TaskErrorBody | None:
    """Return the body of an error, None without one."""
    if error is None:
        return None
    return TaskErrorBody(
        type=error.type, message=error.message, tail=error.tail, retryable=error.retryable
    )


def optional_time(seconds: float | None) -> str | None:
    """Return a time as text, None without one."""
    return None if seconds is None else rfc3339(seconds)
