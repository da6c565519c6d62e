"""The contract, exported from the code: `python -m handlers.openapi [--check] docs/openapi.json`.

Users' routes come from their router. Workers' routes have none, so they are declared here, with the
models that they parse.
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
"""The names under which the contract has published classes that the code calls otherwise."""


MEANINGS: Final = {
    HTTPStatus.BAD_REQUEST: "The body is not JSON as we take it",
    HTTPStatus.UNAUTHORIZED: "Nobody signed in",
    HTTPStatus.FORBIDDEN: "Who asks may not do this",
    HTTPStatus.NOT_FOUND: "No such thing for this tenant",
    HTTPStatus.CONFLICT: "Right at another time, or by another request",
    HTTPStatus.CONTENT_TOO_LARGE: "The body is longer than any that we take",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "The body is not JSON by its type",
    HTTPStatus.UNPROCESSABLE_CONTENT: "What was asked can never be right; `errors` name the fields",
    HTTPStatus.TOO_MANY_REQUESTS: "Too much at once, or a limit of the tenant is reached",
    HTTPStatus.INTERNAL_SERVER_ERROR: "A fault of ours",
    HTTPStatus.SERVICE_UNAVAILABLE: "A dependency is away; the same request may succeed soon",
}
_CONFLICTING: Final = frozenset({"getResult"})
"""What is read, and yet may be asked for too early: by operation."""
_IN_LINES: Final = frozenset({"listResults"})
"""What is told as JSON Lines too, if that is asked for."""
_NEXT_PAGE: Final = {
    "Link": {
        "description": "Of JSON Lines: the next page, relative to this one, as rel=next",
        "schema": {"type": "string"},
    }
}
_LATER: Final = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
_RETRY_AFTER: Final = {
    "Retry-After": {"description": "Seconds to wait", "schema": {"type": "integer"}}
}


class WorkerOperation(NamedTuple):
    """A route of workers."""

    operation: str
    request: type[BaseModel]
    answer: type[BaseModel]
    summary: str


WORKER_OPERATIONS: Final = {
    "/api/v1/leases": WorkerOperation(
        "lease", wire.LeaseRequest, wire.LeaseAnswer, "Ask for the chunks whose messages came."
    ),
    "/api/v1/heartbeats": WorkerOperation(
        "heartbeat", wire.HeartbeatRequest, wire.HeartbeatAnswer, "Renew leases."
    ),
    "/api/v1/reports": WorkerOperation(
        "report", wire.ReportRequest, wire.ReportAnswer, "Say what came of leased tasks."
    ),
    "/api/v1/parts": WorkerOperation(
        "uploadPart",
        wire.PartRequest,
        wire.PartAnswer,
        "Get a place for a large report's outcomes.",
    ),
    "/api/v1/effects": WorkerOperation(
        "keepEffect",
        wire.EffectRequest,
        wire.EffectAnswer,
        "Keep what a side effect of a task returned, or ask what is kept.",
    ),
    "/api/v1/artifacts": WorkerOperation(
        "placeArtifact",
        wire.ArtifactRequest,
        wire.ArtifactAnswer,
        "Get a place for a task's artifact, or the artifact's place.",
    ),
    "/api/v1/workers": WorkerOperation(
        "registerWorker",
        wire.WorkerRegistration,
        wire.RegistrationAnswer,
        "Say which task types a worker runs.",
    ),
}


def document() -> dict[str, Any]:
    """The whole contract, OpenAPI 3.1."""
    found: dict[str, Any] = _as_published(
        api.app.get_openapi_json_schema(
            title="Shoal",
            version="1",
            openapi_version="3.1.0",
            description="Jobs of one to a million tasks. Errors are RFC 9457 problems.",
            security_schemes={
                "user": HTTPBearer(
                    bearerFormat="JWT",
                    description="An access token; each operation names the scope that it needs",
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
    said = _docstrings()
    for operations in found["paths"].values():
        for method, operation in operations.items():
            _finish(method, operation, said.get(operation["operationId"]))
    return found


def _as_published(text: str) -> dict[str, Any]:
    """The document, with the names of components that callers know."""
    for name, published in _PUBLISHED.items():
        text = text.replace(f'"{_REF}{name}"', f'"{_REF}{published}"')
    found: dict[str, Any] = json.loads(text)
    schemas = found["components"]["schemas"]
    for name, published in _PUBLISHED.items():
        schemas[published] = schemas.pop(name) | {"title": published}
    return found


def _docstrings() -> Mapping[str, str]:
    """What users' routes say of themselves, by operation."""
    routes = [*api.app._static_routes, *api.app._dynamic_routes]  # noqa: SLF001 - no other way
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
    """What holds for every route: its docstring sums it up, it names its scope, it has problems."""
    if docstring is not None:
        operation["summary"], _, more = docstring.partition("\n")
        if more:
            operation["description"] = more.strip()
    if "security" not in operation:
        operation["security"] = [{"user": [str(required_scope(method, None))]}]
    for content in operation.get("requestBody", {}).get("content", {}).values():
        # A body that may be left out is still an object, and never a null.
        content["schema"] = content["schema"].get("anyOf", [content["schema"]])[0]
    responses = operation["responses"]
    if method == "get":
        responses["304"] = {"description": "If-None-Match has its ETag"}
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
    """What can go wrong with an operation of this shape."""
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
    """A problem for each status, by name."""
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
    """Write the document, or with `--check` say whether the file has it."""
    path = Path(arguments[-1])
    text = json.dumps(document(), indent=1, sort_keys=True) + "\n"
    if "--check" not in arguments:
        path.write_text(text)
        return 0
    if path.exists() and path.read_text() == text:
        return 0
    sys.stderr.write(f"{path} is not what the code says: run `make openapi`\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
