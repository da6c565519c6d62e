"""What users call, as one function: its routes, and what all of them share."""

import hashlib
import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.middlewares import NextMiddleware
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError

from handlers import gateway, problems
from handlers.json_body import read_object
from handlers.problems import NoSuchRoute, invalid
from handlers.request_context import authenticate, etag_matches, request_id
from handlers.routes import (
    attempts,
    bulk_actions,
    dead_letters,
    deployment,
    events,
    exports,
    failures,
    job_tasks,
    jobs,
    live,
    results,
    task_map,
    tasks,
    tenants,
    webhooks,
    why,
    workers,
)
from shoal.domain.errors import InvalidRequest

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
        return gateway.payload(problems.problem_response(error, identity), identity)
    answer = app.resolve(read, context)
    answer["headers"][gateway.REQUEST_ID] = identity
    answer["body"] = answer["body"] or ""  # a null, of a 204 say, is none that the emulator takes
    return answer


def reject_unknown_query(resolver: APIGatewayHttpResolver, go_on: NextMiddleware) -> Response[Any]:
    """Refuse a query parameter that the route does not know: a typo would list everything."""
    known = {param.alias for param in resolver.context["_route"].dependant.query_params}
    unknown = sorted(set(resolver.current_event.query_string_parameters) - known)
    if unknown:
        shown = [("query", f"has a parameter that is not one of {sorted(known)}")]
        raise InvalidRequest("the query has a parameter that nothing knows", shown)
    return go_on(resolver)


def reject_unread_body(resolver: APIGatewayHttpResolver, go_on: NextMiddleware) -> Response[Any]:
    """Refuse a body that the route would not read: who sends one expects that it matters."""
    text = resolver.current_event.body
    if text and not resolver.context["_route"].dependant.body_params and read_object(text):
        raise InvalidRequest("this takes no body", [("body", "must be empty")])
    return go_on(resolver)


def etag(resolver: APIGatewayHttpResolver, go_on: NextMiddleware) -> Response[Any]:
    """Tag what GET answers and has no tag of its own, and answer 304 to who has it already."""
    response = go_on(resolver)
    read = resolver.current_event.http_method == "GET" and response.status_code == HTTPStatus.OK
    if not read or "ETag" in response.headers:
        return response
    text = str(response.body)
    if response.is_json():
        text = json.dumps(response.body, separators=(",", ":"))
    response.body = text
    tag = f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'
    response.headers["ETag"] = tag
    if etag_matches(tag, resolver):
        return Response(HTTPStatus.NOT_MODIFIED.value, headers={"ETag": tag}, body="")
    return response


def _problem(error: Exception) -> Response[str]:
    if isinstance(error, RequestValidationError):
        error = invalid(error.errors())
    if isinstance(error, NotFoundError):
        error = NoSuchRoute("nothing answers here")
    answer = problems.problem_response(error, request_id(app))
    return Response(answer.status, body=answer.body, headers=answer.headers)


app.use([authenticate, reject_unknown_query, reject_unread_body, etag])
app.exception_handler(Exception)(_problem)
for routes in (
    jobs,
    job_tasks,
    tasks,
    attempts,
    results,
    deployment,
    tenants,
    why,
    events,
    failures,
    dead_letters,
    workers,
    live,
    task_map,
    bulk_actions,
    webhooks,
    exports,
):
    app.include_router(routes.router)
