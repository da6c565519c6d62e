"""Routes of the results of a job, as JSON pages and as JSON Lines."""

from enum import StrEnum
from typing import Annotated, Final
from urllib.parse import urlencode

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query

from handlers.page_tokens import index_start, next_page_token
from handlers.request_context import NextToken, TaskLimit, caller, new_router
from handlers.serializers import MAX_RESPONSE_BYTES, fit_response, missing_body, result_body
from shoal import bootstrap
from shoal.service.result_lines import lines_of
from shoal.service.result_queries import ResultPage
from shoal.wire.results import ResultPageBody, too_large_line

router = new_router()

JSON_LINES: Final = "application/x-ndjson"


class ResultFormat(StrEnum):
    """The format of results."""

    JSON = "json"
    JSONL = "jsonl"


@router.get("/api/v1/jobs/<job_id>/results", operation_id="listResults", tags=["jobs"])
def list_results(
    job_id: str,
    limit: TaskLimit = 100,
    next_token: NextToken = None,
    format: Annotated[ResultFormat | None, Query()] = None,  # noqa: A002 - its public name
) -> Response[ResultPageBody | str]:
    """List the results of tasks by index, and the tasks without a result.

    `limit` is the maximum number of results. A page can have fewer even if more follow. As JSON
    Lines (`format=jsonl`, or `Accept: application/x-ndjson`), every task is a line, and the Link
    header contains the next page.
    """
    query = ["results", job_id]
    page = bootstrap.result_queries().of_job(
        caller(router).tenant, job_id, limit=limit, start=index_start(next_token, query)
    )
    accept = router.current_event.headers.get("accept", "")
    if format is ResultFormat.JSONL or (format is None and JSON_LINES in accept):
        return _lines(page, limit, query)
    items, following = fit_response([*map(result_body, page.results)], page.next_index)
    missing = [
        missing_body(each.before(following) if following is not None else each)
        for each in page.missing
        if following is None or each.first < following
    ]
    body = ResultPageBody(
        items=items, missing=missing, next_token=next_page_token(following, query)
    )
    return Response(200, "application/json", body)


def _lines(page: ResultPage, limit: int, query: list[str]) -> Response[ResultPageBody | str]:
    """Return as many lines as fit into one response."""
    lines, size, following = list[str](), 0, page.next_index
    for index, whole in lines_of(page):
        line = whole if len(whole) <= MAX_RESPONSE_BYTES else too_large_line(index)
        size += len(line)
        if size > MAX_RESPONSE_BYTES:
            following = index
            break
        lines.append(line)
    more = next_page_token(following, query)
    query_string = urlencode(
        {"format": ResultFormat.JSONL.value, "limit": limit, "next_token": more}
    )
    headers = {} if more is None else {"Link": f'<?{query_string}>; rel="next"'}
    return Response(200, JSON_LINES, "".join(lines), headers=headers)
