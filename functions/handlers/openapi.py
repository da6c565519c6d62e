"""Exports the OpenAPI contract: `python -m handlers.openapi [--check] docs/openapi.json`.

Users' routes come from their router. Workers' routes have no router, so they are declared here,
with the models that they parse.
"""

import inspect
import json
import sys
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, NamedTuple

from aws_lambda_powertools.event_handler.openapi.models import APIKey, HTTPBearer
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from handlers import api
from handlers.openapi_examples import EXAMPLES
from handlers.request_context import PUBLIC, required_scope
from handlers.routes.results import JSON_LINES
from shoal.wire import worker as wire
from shoal.wire.problems import CONTENT_TYPE, Problem

_REF: Final = "#/components/schemas/"
_PUBLISHED: Final = {
    "CanaryVerdict": "Verdict",
    "ReasonCode": "Code",
    "WorkerStatus": "Presence",
}
"""Published schema names of classes that have another name in the code."""


MEANINGS: Final = {
    HTTPStatus.BAD_REQUEST: "The body is not valid JSON",
    HTTPStatus.UNAUTHORIZED: "The access token is missing or invalid",
    HTTPStatus.FORBIDDEN: "The caller lacks the scope, or has no tenant",
    HTTPStatus.NOT_FOUND: "The resource does not exist in this tenant",
    HTTPStatus.CONFLICT: "The request conflicts with the current state or an earlier request",
    HTTPStatus.CONTENT_TOO_LARGE: "The body is too large",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "The content type is not JSON",
    HTTPStatus.UNPROCESSABLE_CONTENT: "The request is invalid; `errors` lists the fields",
    HTTPStatus.TOO_MANY_REQUESTS: "Too many requests, or a limit of the tenant is reached",
    HTTPStatus.INTERNAL_SERVER_ERROR: "Internal server error",
    HTTPStatus.SERVICE_UNAVAILABLE: "A dependency is unavailable; retry the request",
}
_CONFLICTING: Final = frozenset({"getResult"})
"""GET operations that can return 409."""
_IN_LINES: Final = frozenset({"listResults"})
"""Operations that can also return JSON Lines."""
_NEXT_PAGE: Final = {
    "Link": {
        "description": "For JSON Lines: the relative URL of the next page, as rel=next",
        "schema": {"type": "string"},
    }
}
_LATER: Final = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
_RETRY_AFTER: Final = {
    "Retry-After": {"description": "Seconds to wait", "schema": {"type": "integer"}}
}


class WorkerOperation(NamedTuple):
    """A workers' route."""

    operation: str
    request: type[BaseModel]
    answer: type[BaseModel]
    summary: str


WORKER_OPERATIONS: Final = {
    "/api/v1/leases": WorkerOperation(
        "lease", wire.LeaseRequest, wire.LeaseAnswer, "Lease the chunks of received messages."
    ),
    "/api/v1/heartbeats": WorkerOperation(
        "heartbeat", wire.HeartbeatRequest, wire.HeartbeatAnswer, "Renew leases."
    ),
    "/api/v1/reports": WorkerOperation(
        "report", wire.ReportRequest, wire.ReportAnswer, "Report outcomes of leased tasks."
    ),
    "/api/v1/parts": WorkerOperation(
        "uploadPart",
        wire.PartRequest,
        wire.PartAnswer,
        "Get a link to upload the outcomes of a large report.",
    ),
    "/api/v1/effects": WorkerOperation(
        "keepEffect",
        wire.EffectRequest,
        wire.EffectAnswer,
        "Store the result of a task's side effect, or read the stored one.",
    ),
    "/api/v1/artifacts": WorkerOperation(
        "placeArtifact",
        wire.ArtifactRequest,
        wire.ArtifactAnswer,
        "Get a link to upload or download an artifact of a task.",
    ),
    "/api/v1/workers": WorkerOperation(
        "registerWorker",
        wire.WorkerRegistration,
        wire.RegistrationAnswer,
        "Register a worker and its task types.",
    ),
}


def document() -> dict[str, Any]:
    """Return the contract as an OpenAPI 3.1 document."""
    found: dict[str, Any] = _as_published(
        api.app.get_openapi_json_schema(
            title="Shoal",
            version="1",
            openapi_version="3.1.0",
            description="Runs jobs of 1 to 1,000,000 tasks. Errors are RFC 9457 problem details.",
            security_schemes={
                "user": HTTPBearer(
                    bearerFormat="JWT",
                    description="An access token; each operation lists the scope that it requires",
                ),
                "worker": APIKey.model_validate(
                    {
                        "in": "header",
                        "name": "Authorization",
                        "description": "AWS Signature Version 4, service execute-api",
                    }
                ),
            },
            security=[{"user": []}],
        )
    )
    schemas = found["components"]["schemas"]
    for name in ("HTTPValidationError", "ValidationError", "ResponseValidationError"):
        schemas.pop(name, None)
    for call in WORKER_OPERATIONS.values():
        schemas |= _schemas(call.request, call.answer)
    schemas |= _schemas(Problem)
    for path, call in WORKER_OPERATIONS.items():
        found["paths"].setdefault(path, {})["post"] = _operation(call)
    for name, sample in EXAMPLES.items():
        schemas[name]["examples"] = [sample]
    found["components"]["responses"] = _answers()
    docstrings = _docstrings()
    for operations in found["paths"].values():
        for method, operation in operations.items():
            _finish(method, operation, docstrings.get(operation["operationId"]))
    return found


def _as_published(text: str) -> dict[str, Any]:
    """Return the document with the published names of components."""
    for name, published in _PUBLISHED.items():
        text = text.replace(f'"{_REF}{name}"', f'"{_REF}{published}"')
    found: dict[str, Any] = json.loads(text)
    schemas = found["components"]["schemas"]
    for name, published in _PUBLISHED.items():
        schemas[published] = schemas.pop(name) | {"title": published}
    return found


def _docstrings() -> Mapping[str, str]:
    """Return the docstrings of users' routes by operation."""
    routes = [*api.app._static_routes, *api.app._dynamic_routes]  # noqa: SLF001 - no public access
    return {str(route.operation_id): inspect.getdoc(route.func) or "" for route in routes}


def _operation(call: WorkerOperation) -> dict[str, Any]:
    return {
        "summary": call.summary,
        "operationId": call.operation,
        "tags": ["workers"],
        "security": [{"worker": []}],
        "requestBody": {"required": True, "content": _content(call.request)},
        "responses": {"200": {"description": "Done", "content": _content(call.answer)}},
    }


def _finish(method: str, operation: dict[str, Any], docstring: str | None) -> None:
    """Add to every route its docstring as summary, its scope and its problem responses."""
    if docstring is not None:
        operation["summary"], _, more = docstring.partition("\n")
        if more:
            operation["description"] = more.strip()
    if "security" not in operation:
        operation["security"] = [{"user": [str(required_scope(method, None))]}]
    for content in operation.get("requestBody", {}).get("content", {}).values():
        # An optional body is an object if it is present, never null.
        content["schema"] = content["schema"].get("anyOf", [content["schema"]])[0]
    responses = operation["responses"]
    if method == "get":
        responses["304"] = {"description": "Not modified: If-None-Match contains the ETag"}
    if operation["operationId"] in _IN_LINES:
        page, lines = responses["200"]["content"]["application/json"]["schema"]["anyOf"]
        responses["200"]["content"] = {
            "application/json": {"schema": page},
            JSON_LINES: {"schema": lines},
        }
        responses["200"]["headers"] = _NEXT_PAGE
    for status in _problems(method, operation):
        responses[str(status.value)] = {"$ref": f"#/components/responses/{status.name}"}


def _problems(method: str, operation: Mapping[str, Any]) -> set[HTTPStatus]:
    """Return the problem statuses of an operation."""
    found = {
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.CONTENT_TOO_LARGE,
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        HTTPStatus.UNPROCESSABLE_CONTENT,
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        HTTPStatus.SERVICE_UNAVAILABLE,
    }
    if operation["security"] != PUBLIC:
        found |= {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
    if "requestBody" in operation or operation.get("parameters"):
        found.add(HTTPStatus.NOT_FOUND)
    if method != "get" or operation["operationId"] in _CONFLICTING:
        found.add(HTTPStatus.CONFLICT)
    return found


def _answers() -> dict[str, Any]:
    """Return a problem response for each status, by name."""
    problem = {"schema": {"$ref": _REF + Problem.__name__}}
    return {
        status.name: {"description": meaning, "content": {CONTENT_TYPE: problem}}
        | ({"headers": _RETRY_AFTER} if status in _LATER else {})
        for status, meaning in MEANINGS.items()
    }


def _content(model: type[BaseModel]) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": _REF + model.__name__}}}


def _schemas(*models: type[BaseModel]) -> dict[str, Any]:
    _, found = models_json_schema(
        [(model, "validation") for model in models], ref_template=_REF + "{model}"
    )
    return dict(found["$defs"])


def main(arguments: list[str]) -> int:
    """Write the document; with `--check`, only check that the file is current."""
    path = Path(arguments[-1])
    text = json.dumps(document(), indent=1, sort_keys=True) + "\n"
    if "--check" not in arguments:
        path.write_text(text)
        return 0
    if path.exists() and path.read_text() == text:
        return 0
    sys.stderr.write(f"{path} is out of date: run `make openapi`\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
