"""Routes of bulk actions: one verb for many jobs."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus

from aws_lambda_powertools.event_handler import Response

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
from shoal import bootstrap
from shoal.domain.bulk import BulkAction
from shoal.domain.job_filter import JobFilter
from shoal.service.submission import fingerprint
from shoal.wire.bulk import BulkActionBody, BulkActionPageBody, BulkRequest, RefusalBody
from shoal.wire.times import rfc3339

router = new_router()


@router.post(
    "/api/v1/bulk-actions",
    operation_id="beginBulkAction",
    tags=["bulk actions"],
    status_code=HTTPStatus.ACCEPTED,
)
def begin_bulk_action(
    body: BulkRequest, idempotency_key: IdempotencyKey = None
) -> Response[BulkActionBody]:
    """Cancel, pause, resume, retry or delete all jobs that match a filter now."""
    action = bootstrap.bulk_actions().begin(
        caller(router),
        body.action,
        body.filter.which(),
        dry_run=body.dry_run,
        key=idempotency_key,
        fingerprint=fingerprint(router.current_event.json_body),
    )
    log.info("bulk action started", id=action.id, verb=action.verb, request_id=request_id(router))
    headers = {"Location": _path(action)}
    return Response(HTTPStatus.ACCEPTED.value, "application/json", _body(action), headers=headers)


@router.get("/api/v1/bulk-actions", operation_id="listBulkActions", tags=["bulk actions"])
def list_bulk_actions(limit: PageLimit = 50, next_token: NextToken = None) -> BulkActionPageBody:
    """List bulk actions, newest first."""
    query = ["bulk-actions"]
    page = bootstrap.bulk_actions().page(
        caller(router).tenant, limit=limit, start=text_start(next_token, query)
    )
    return BulkActionPageBody(
        items=[*map(_body, page.actions)], next_token=next_page_token(page.next_key, query)
    )


@router.get(
    "/api/v1/bulk-actions/<bulk_action_id>", operation_id="getBulkAction", tags=["bulk actions"]
)
def get_bulk_action(bulk_action_id: str) -> BulkActionBody:
    """Get a bulk action with its progress."""
    return _body(bootstrap.bulk_actions().get(caller(router).tenant, bulk_action_id))


@router.post(
    "/api/v1/bulk-actions/<bulk_action_id>/abort",
    operation_id="abortBulkAction",
    tags=["bulk actions"],
    status_code=HTTPStatus.ACCEPTED,
)
def abort_bulk_action(bulk_action_id: str) -> BulkActionBody:
    """Abort a bulk action before its next page of jobs. Finished changes are kept."""
    action = bootstrap.bulk_actions().abort(caller(router).tenant, bulk_action_id)
    log.info("bulk action aborted", id=action.id, request_id=request_id(router))
    return _body(action)


def _body(action: BulkAction) -> BulkActionBody:
    return BulkActionBody(
        id=action.id,
        action=action.verb,
        filter=_filter_body(action.which),
        dry_run=action.dry_run,
        status=action.status,
        aborting=action.aborting and not action.ended,
        by=action.by,
        done=action.done,
        refused=action.refused,
        refusals=[RefusalBody(job_id=job, reason=why) for job, why in action.refusals],
        created_at=rfc3339(action.created_at),
        finished_at=None if action.finished_at is None else rfc3339(action.finished_at),
        reason=action.reason,
        links={"self": _path(action)},
    )


def _path(action: BulkAction) -> str:
    return f"/api/v1/bulk-actions/{action.id}"


def _filter_body(which: JobFilter) -> Mapping[str, str | Sequence[str]]:
    """Return the filter in the format of a request."""
    tag = which.tag
    return {
        **({"status": sorted(which.statuses)} if which.statuses else {}),
        **({} if which.since is None else {"since": rfc3339(which.since)}),
        **({} if which.until is None else {"until": rfc3339(which.until)}),
        **({} if which.task_type is None else {"type": which.task_type}),
        **({"name": which.name} if which.name else {}),
        **({} if tag is None else {"tag": "=".join(each for each in tag if each is not None)}),
    }
