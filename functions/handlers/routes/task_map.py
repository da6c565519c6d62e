"""Route of the map of a job's tasks."""

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
"""Least size in bytes of a body that is compressed."""

_RESPONSES: Final[Any] = {
    HTTPStatus.OK.value: {
        "description": "One byte per task, or 12 bytes per chunk",
        "content": {BINARY: {"schema": {"type": "string", "format": "binary"}}},
        "headers": {
            "X-Task-Count": {
                "description": "The number of tasks of the job; 0 until it is known",
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
    """Get the status of every task: one byte per task from `start`, or the counts of each chunk.

    A byte is P (pending), R (running), T (retrying), C (completed), F (failed) or X (cancelled). If
    the body has fewer bytes than `X-Task-Count` minus `start`, request the following tasks with a
    higher `start`. The counts of a chunk are six 16-bit little-endian numbers in the same order.
    With `cells=chunk`, the body always contains all chunks.
    """
    task_map = bootstrap.task_map().of_job(caller(router).tenant, job_id)
    tag = f'W/"{cells}-{start}-{task_map.version}"'
    headers = {"ETag": tag, "Vary": "Accept-Encoding", "X-Task-Count": str(task_map.count)}
    if etag_matches(tag, router):
        return Response(HTTPStatus.NOT_MODIFIED.value, headers=headers, body="")
    body = task_map.tasks(start) if cells == "task" else task_map.cells()
    return _binary(*_packed(body, headers))


def _binary(body: bytes, headers: dict[str, str]) -> Response[str]:
    """Return a binary response in base64, because the resolver would treat bytes as text."""
    answer = Response(HTTPStatus.OK.value, BINARY, b64encode(body).decode(), headers)
    answer.base64_encoded = True
    return answer


def _packed(body: bytes, headers: Mapping[str, str]) -> tuple[bytes, dict[str, str]]:
    """Compress the body if the client accepts it. Level 1 is fast, and runs compress well."""
    accepted = router.current_event.headers.get("accept-encoding", "")
    if len(body) < WORTH_PACKING or "gzip" not in accepted:
        return body, {**headers}
    packing = zlib.compressobj(level=1, wbits=zlib.MAX_WBITS | 16)
    return packing.compress(body) + packing.flush(), {**headers, "Content-Encoding": "gzip"}
