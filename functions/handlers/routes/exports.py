"""Routes of exports of a job's results."""

from http import HTTPStatus
from typing import Final

from aws_lambda_powertools.event_handler import Response

from handlers.request_context import READ_ONLY, IdempotencyKey, caller, new_router
from handlers.serializers import job_path
from shoal import bootstrap
from shoal.domain.audit_event import Action
from shoal.ports.workflow import ExecutionStatus
from shoal.service.exports import Export
from shoal.wire.exports import ExportBody, ExportStatus
from shoal.wire.times import rfc3339

router = new_router()

_STATUSES: Final = {
    ExecutionStatus.RUNNING: ExportStatus.RUNNING,
    ExecutionStatus.SUCCEEDED: ExportStatus.DONE,
}


@router.post(
    "/api/v1/jobs/<job_id>/exports",
    operation_id="exportResults",
    tags=["jobs"],
    status_code=HTTPStatus.ACCEPTED,
    security=READ_ONLY,
)
def export_results(job_id: str, idempotency_key: IdempotencyKey = None) -> Response[ExportBody]:
    """Export the current results of a job to one file of JSON Lines."""
    tenant = caller(router).tenant
    export_id, replayed = bootstrap.exports().begin(tenant, job_id, key=idempotency_key)
    if not replayed:
        bootstrap.audit_trail().record(caller(router), Action.EXPORT, job_id, {"export": export_id})
    headers = {"Location": f"{job_path(job_id)}/exports/{export_id}"} | (
        {"Idempotency-Replayed": "true"} if replayed else {}
    )
    body = _body(bootstrap.exports().get(tenant, job_id, export_id))
    return Response(HTTPStatus.ACCEPTED.value, "application/json", body, headers=headers)


@router.get("/api/v1/jobs/<job_id>/exports/<export_id>", operation_id="getExport", tags=["jobs"])
def get_export(job_id: str, export_id: str) -> ExportBody:
    """Get an export. Once it is DONE, `url` is a download link that is valid for 15 minutes."""
    return _body(bootstrap.exports().get(caller(router).tenant, job_id, export_id))


def _body(export: Export) -> ExportBody:
    run, cursor = export.run, export.cursor
    status = _STATUSES.get(run.status, ExportStatus.FAILED)
    return ExportBody(
        id=export.id,
        job_id=export.job_id,
        status=ExportStatus.EXPIRED if export.expired else status,
        created_at=None if run.began_at is None else rfc3339(run.began_at),
        finished_at=None if run.ended_at is None else rfc3339(run.ended_at),
        results=None if cursor is None else cursor.results,
        missing=None if cursor is None else cursor.missing,
        size=None if cursor is None else cursor.size,
        url=export.url,
        error=run.error if status is ExportStatus.FAILED else None,
    )
