"""All tasks of a job at one glance."""

import zlib
from base64 import b64encode
from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any, Final, Literal

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query

from handlers.request_context import caller, etag_matches, new_router
from shoal import bootstrap
from shoal.domain.sizing import MAX_TASKS

router = new_router()

BINARY: Final = "application/octet-stream"
WORTH_PACKING: Final = 1_024
"""Bytes from which on gzip pays."""

_RESPONSES: Final[Any] = {
    HTTPStatus.OK.value: {
        "description": "A byte a task, or twelve bytes a chunk",
        "content": {BINARY: {"schema": {"type": "string", "format": "binary"}}},
        "headers": {
            "X-Task-Count": {
                "description": "How many tasks the job has; 0 while that is not known",
                "schema": {"type": "integer"},
            }
        },
    }
}


@router.get("/api/v1/jobs/<job_id>/map", operation_id="mapJob", tags=["jobs"], responses=_RESPONSES)
def map_job(
    job_id: str,
    cells: Annotated[Literal["task", "chunk"], Query()] = "task",
    start: Annotated[int, Query(ge=0, le=MAX_TASKS)] = 0,
) -> Response[str]:
    """See where each task stands: a byte a task from `start` on, or the counts of each chunk.

    A byte is P (pending), R (running), T (retrying), C (completed), F (failed) or X (cancelled).
    Where they end before the last of `X-Task-Count` tasks, go on behind them. Counts of a chunk
    are six numbers of two bytes, low byte first, in that order; they are always of all chunks.
    """
    task_map = bootstrap.task_map().of_job(caller(router).tenant, job_id)
    tag = f'W/"{cells}-{start}-{task_map.version}"'
    headers = {"ETag": tag, "Vary": "Accept-Encoding", "X-Task-Count": str(task_map.count)}
    if etag_matches(tag, router):
        return Response(HTTPStatus.NOT_MODIFIED.value, headers=headers, body="")
    body = task_map.tasks(start) if cells == "task" else task_map.cells()
    return _binary(*_packed(body, headers))


def _binary(body: bytes, headers: dict[str, str]) -> Response[str]:
    """As a function has to answer bytes. The resolver would take bytes for text before that."""
    answer = Response(HTTPStatus.OK.value, BINARY, b64encode(body).decode(), headers)
    answer.base64_encoded = True
    return answer


def _packed(body: bytes, headers: Mapping[str, str]) -> tuple[bytes, dict[str, str]]:
    """As the client takes it. Fast, for API Gateway waits; runs pack well at any level."""
    accepted = router.current_event.headers.get("accept-encoding", "")
    if len(body) < WORTH_PACKING or "gzip" not in accepted:
        return body, {**headers}
    packing = zlib.compressobj(level=1, wbits=zlib.MAX_WBITS | 16)
    return packing.compress(body) + packing.flush(), {**headers, "Content-Encoding": "gzip"}
