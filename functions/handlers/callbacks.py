"""Serves the workers' routes: leases, heartbeats, reports, parts, effects, artifacts, registration.

It has no router library, because its import would take longer than the rest of a cold start.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from handlers import gateway, json_body, log, problems
from handlers.problems import GatewayResponse, NoSuchRoute, invalid
from shoal import bootstrap
from shoal.domain.chunk import CurrentTask, Holder
from shoal.domain.errors import InvalidRequest
from shoal.domain.ids import tenant_label
from shoal.domain.outcome import Outcome, OutcomeReport, PartKey, TaskError
from shoal.domain.workers import Worker
from shoal.ports.task_types import TaskType
from shoal.service.inputs import LinkedInputs
from shoal.service.lease_answers import (
    ChunkFailed,
    ChunkRef,
    LeaseGranted,
    LeaseRefused,
    LeaseRenewal,
    RenewalDecision,
)
from shoal.service.task_lease import LeasedTask
from shoal.wire import worker as wire
from shoal.wire.times import rfc3339

MAX_BODY_BYTES: Final = 5_000_000
"""More than ten reports with inline outcomes. The limit of Lambda is 6 MB."""

type Body = dict[str, Any]
type Route = Callable[[Mapping[str, Any]], Body]


def handler(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """Handle a request from API Gateway."""
    identity = gateway.request_id(event)
    try:
        body = ROUTES.get(event["routeKey"], _no_route)(event)
        answer = GatewayResponse(200, {"Content-Type": "application/json"}, json.dumps(body))
    except Exception as error:  # noqa: BLE001 - one table maps every error to a response
        answer = problems.problem_response(error, identity)
    return gateway.payload(answer, identity)


def _route[M: BaseModel](model: type[M], use: Callable[[M], Body]) -> Route:
    """Return a route that parses the body as a model, as strictly as users' routes, and uses it."""

    def route(event: Mapping[str, Any]) -> Body:
        text = gateway.read(event)["body"]
        json_body.read_object(text, most=MAX_BODY_BYTES)
        try:
            request = model.model_validate_json(text)
        except ValidationError as error:
            raise invalid(error.errors(include_url=False, include_input=False)) from error
        return use(request)

    return route


def _lease(request: wire.LeaseRequest) -> Body:
    refs = [ChunkRef(each.job_id, each.chunk) for each in request.chunks]
    holder = Holder.WORKER if request.tokens else Holder.OLD_WORKER
    answers = bootstrap.leasing().lease(
        request.worker, request.request_id, refs, request.task_types, holder
    )
    bodies = _per_chunk(request, refs, answers, _leased)
    return {
        "leases": [
            {"job_id": ref.job, "chunk": ref.chunk, **body}
            for ref, body in zip(refs, bodies, strict=True)
        ]
    }


def _per_chunk(
    request: wire.LeaseRequest | wire.ReportRequest | wire.HeartbeatRequest,
    chunks: Sequence[ChunkRef | PartKey | LeaseRenewal],
    answers: Sequence[Any],
    body: Callable[[Any], Body],
) -> list[Body]:
    """Return the body of each answer; `unavailable` for a chunk whose request failed.

    Raises the first error instead if the worker does not understand `unavailable`.
    """
    failed = [
        (chunk, answer.error)
        for chunk, answer in zip(chunks, answers, strict=True)
        if isinstance(answer, ChunkFailed)
    ]
    if failed and request.per_chunk is None:
        raise failed[0][1]
    for error in {id(error): error for _, error in failed}.values():
        about = [f"{chunk.job}#{chunk.chunk}" for chunk, each in failed if each is error]
        log.error("requests for chunks failed", error, worker=request.worker, chunks=about)
    return [
        {"decision": "unavailable", "retry_after": problems.RETRY_AFTER_SECONDS}
        if isinstance(answer, ChunkFailed)
        else body(answer)
        for answer in answers
    ]


def _leased(answer: LeaseGranted | LeaseRefused) -> Body:
    if isinstance(answer, LeaseRefused):
        refused: Body = {"decision": answer.decision, "retry_after": answer.retry_after}
        return refused if answer.reason is None else refused | {"reason": answer.reason}
    spec, chunk = answer.job.spec, answer.chunk
    granted: Body = {
        "decision": "granted",
        "epoch": chunk.epoch,
        "until": rfc3339(chunk.lease.until) if chunk.lease is not None else None,
        "priority": spec.priority,
        "task_type": spec.task_type,
        "timeout": spec.timeout,
        "isolated": chunk.isolated,
        "params": spec.params,
        "trace": answer.job.trace,
        "tenant": tenant_label(answer.job.tenant),
        "tasks": _tasks(answer),
        "inputs": _ranged(answer.inputs) if isinstance(answer.inputs, LinkedInputs) else None,
    }
    return granted if answer.token is None else granted | {"token": answer.token}


def _tasks(answer: LeaseGranted) -> list[Body]:
    """Return the index, the attempt, and the input or its line, of each task."""
    chunk, own = answer.chunk, answer.inputs
    tasks: list[Body] = [
        {"index": chunk.first + offset, "attempt": chunk.attempts[offset]}
        for offset in answer.offsets
    ]
    for place, (task, offset) in enumerate(zip(tasks, answer.offsets, strict=True)):
        if isinstance(own, LinkedInputs):
            task["line"] = offset
        elif own[place]:
            task["input"] = own[place]
    return tasks


def _ranged(placed: LinkedInputs) -> Body:
    first, length = placed.span
    return {"url": placed.url, "headers": {"Range": f"bytes={first}-{first + length - 1}"}}


def _report(request: wire.ReportRequest) -> Body:
    reports = [_reported(each) for each in request.reports]
    decisions = bootstrap.leasing().report(request.worker, reports)
    keys = [report.key for report in reports]
    for key, decision in zip(keys, decisions, strict=True):
        if decision == "stale":
            about = {"job": key.job, "chunk": key.chunk, "epoch": key.epoch}
            log.info("stale report refused", worker=request.worker, **about)
    bodies = _per_chunk(request, keys, decisions, partial(_decided, request))
    return {
        "reports": [
            {"job_id": key.job, "chunk": key.chunk, **body}
            for key, body in zip(keys, bodies, strict=True)
        ]
    }


def _decided(request: wire.ReportRequest, decision: str) -> Body:
    """Return the decision; a worker that does not know `part_missing` drops the chunk."""
    if decision == "part_missing" and request.per_chunk is None:
        decision = "stale"
    return {"decision": decision}


def _reported(each: wire.Report) -> OutcomeReport:
    key = PartKey(each.job_id, each.chunk, each.epoch, each.report)
    if each.part is not None and each.part.key != str(key):
        problem = ("part.key", f"must be {key}")
        raise InvalidRequest("the part belongs to another report", [problem])
    outcomes, uploaded = _outcomes(each.outcomes), each.part is not None
    return OutcomeReport(key, each.final, outcomes, uploaded, each.token)


def _outcomes(outcomes: Sequence[wire.TaskOutcome]) -> list[Outcome]:
    try:
        json.dumps([outcome.result for outcome in outcomes], allow_nan=False)
    except ValueError as error:
        problem = ("reports.outcomes.result", "NaN and Infinity are not JSON")
        raise InvalidRequest("a result is not valid JSON", [problem]) from error
    return [
        Outcome(
            each.index,
            each.attempt,
            started_at=each.started_at.timestamp(),
            duration=each.duration,
            result=each.result,
            error=None if each.error is None else _error(each.error),
        )
        for each in outcomes
    ]


def _error(failure: wire.TaskFailure) -> TaskError:
    return TaskError(
        failure.type,
        failure.message,
        retryable=failure.retryable,
        tail=failure.tail,
        retry_after=failure.retry_after,
    )


def _heartbeat(request: wire.HeartbeatRequest) -> Body:
    beats = [
        LeaseRenewal(
            each.job_id,
            each.chunk,
            each.epoch,
            None if each.index is None else CurrentTask(each.index, each.progress),
            each.token,
        )
        for each in request.leases
    ]
    answers = bootstrap.leasing().heartbeat(request.worker, beats)
    bodies = _per_chunk(request, beats, answers, _renewed)
    return {
        "leases": [
            {"job_id": beat.job, "chunk": beat.chunk, **body}
            for beat, body in zip(beats, bodies, strict=True)
        ]
    }


def _renewed(answer: RenewalDecision) -> Body:
    return {
        "decision": answer.decision,
        "until": None if answer.until is None else rfc3339(answer.until),
        "directive": answer.directive,
    }


def _part(request: wire.PartRequest) -> Body:
    key = PartKey(request.job_id, request.chunk, request.epoch, request.report)
    upload = bootstrap.leasing().part_upload(request.worker, key, request.size, request.token)
    return {"url": upload.url, "key": str(key), "headers": upload.headers}


def _of_task(request: wire.EffectRequest | wire.ArtifactRequest) -> LeasedTask:
    return LeasedTask(
        request.worker,
        request.job_id,
        request.chunk,
        request.epoch,
        request.index,
        request.token,
    )


def _effect(request: wire.EffectRequest) -> Body:
    task = _of_task(request)
    kept = (
        bootstrap.effects().recall(task, request.key)
        if request.effect is None
        else bootstrap.effects().keep(task, request.key, request.effect.value)
    )
    return {"effect": None if kept is None else {"value": kept.value}}


def _artifact(request: wire.ArtifactRequest) -> Body:
    task = _of_task(request)
    if request.size is None:
        return {"url": bootstrap.artifacts().for_download(task, request.name)}
    uri, link = bootstrap.artifacts().for_upload(task, request.name, request.size)
    return {"url": link.url, "uri": uri, "headers": link.headers}


def _register(request: wire.WorkerRegistration) -> Body:
    rejected = bootstrap.registration().register(
        _worker(request, bootstrap.adapters().clock.now()),
        [
            TaskType(
                offer.name,
                offer.input_schema,
                offer.timeout,
                offer.description,
                retry=None if offer.retry is None else offer.retry.policy(),
                batch=offer.batch,
                image=request.image,
                digest=request.digest,
            )
            for offer in request.task_types
        ],
    )
    for each in rejected:
        problems = [str(problem) for problem in each.problems]
        log.info(
            "a task type was rejected",
            worker=request.worker,
            task_type=each.name,
            problems=problems,
        )
    answer: Body = {
        "worker": request.worker,
        "registered": len(request.task_types) - len(rejected),
        "protocol": wire.PROTOCOL,
    }
    if rejected:
        answer["rejected"] = [
            {"name": each.name, "problems": [problem._asdict() for problem in each.problems]}
            for each in rejected
        ]
    return answer


def _worker(request: wire.WorkerRegistration, now: float) -> Worker:
    return Worker(
        name=request.worker,
        types=tuple(offer.name for offer in request.task_types),
        seen_at=now,
        started_at=_started(request, now),
        number=request.number,
        every=request.every,
        left=request.leaving,
        version=request.version,
        image=request.image,
        digest=request.digest,
        host=request.host,
        slots=request.slots,
        queues=tuple(request.queues),
    )


def _started(request: wire.WorkerRegistration, now: float) -> float:
    """Return the reported start time, at most `now`; `now` if it is missing."""
    reported = now if request.started_at is None else request.started_at.timestamp()
    return min(max(reported, 0.0), now)


def _no_route(_event: Mapping[str, Any]) -> Body:
    raise NoSuchRoute("no such route")


ROUTES: Final[Mapping[str, Route]] = {
    "POST /api/v1/leases": _route(wire.LeaseRequest, _lease),
    "POST /api/v1/reports": _route(wire.ReportRequest, _report),
    "POST /api/v1/heartbeats": _route(wire.HeartbeatRequest, _heartbeat),
    "POST /api/v1/parts": _route(wire.PartRequest, _part),
    "POST /api/v1/effects": _route(wire.EffectRequest, _effect),
    "POST /api/v1/artifacts": _route(wire.ArtifactRequest, _artifact),
    "POST /api/v1/workers": _route(wire.WorkerRegistration, _register),
}
