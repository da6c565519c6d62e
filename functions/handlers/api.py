"""Serves the users' routes of the API as one function, with their shared middleware."""

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
from shoal import bootstrap
from shoal.domain.errors import InvalidRequest

app = APIGatewayHttpResolver(
    enable_validation=True,
    response_validation_error_http_code=HTTPStatus.INTERNAL_SERVER_ERROR,
    json_body_deserializer=read_object,
)


def handler(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """Handle a request from API Gateway."""
    identity = gateway.request_id(event)
    try:
        read = gateway.read(event)
    except Exception as error:  # noqa: BLE001 - one table maps every error to a response
        return gateway.payload(problems.problem_response(error, identity), identity)
    answer = app.resolve(read, context)
    answer["headers"][gateway.REQUEST_ID] = identity
    answer["body"] = answer["body"] or ""  # the emulator rejects null
    return answer


def reject_unknown_query(
    resolver: APIGatewayHttpResolver, next_middleware: NextMiddleware
) -> Response[Any]:
    """Reject unknown query parameters: a mistyped filter would list everything."""
    known = {param.alias for param in resolver.context["_route"].dependant.query_params}
    unknown = sorted(set(resolver.current_event.query_string_parameters) - known)
    if unknown:
        supported = f"supported parameters: {', '.join(sorted(known)) or 'none'}"
        raise InvalidRequest(
            f"unknown query parameter: {', '.join(unknown)}", [("query", supported)]
        )
    return next_middleware(resolver)


def reject_unread_body(
    resolver: APIGatewayHttpResolver, next_middleware: NextMiddleware
) -> Response[Any]:
    """Reject a body that the route does not read: its sender expects that it has an effect."""
    text = resolver.current_event.body
    if text and not resolver.context["_route"].dependant.body_params and read_object(text):
        raise InvalidRequest("the operation takes no body", [("body", "must be empty")])
    return next_middleware(resolver)


def limit_rate(resolver: APIGatewayHttpResolver, next_middleware: NextMiddleware) -> Response[Any]:
    """Reject a request above its tenant's rate for the operation."""
    found = resolver.context.get("caller")
    if found is not None:
        bootstrap.request_rates().admit(found.tenant, resolver.context["_route"].operation_id)
    return next_middleware(resolver)


def etag(resolver: APIGatewayHttpResolver, next_middleware: NextMiddleware) -> Response[Any]:
    """Add an ETag to GET responses without one; return 304 if the client has the same version."""
    response = next_middleware(resolver)
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
        error = NoSuchRoute("no such route")
    answer = problems.problem_response(error, request_id(app))
    return Response(answer.status, body=answer.body, headers=answer.headers)


app.use([authenticate, reject_unknown_query, reject_unread_body, limit_rate, etag])
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
