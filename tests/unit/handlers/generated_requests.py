"""Generates requests from the contract and checks each response."""

import base64
from collections import Counter
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import parse_qs, quote, unquote
from wsgiref.types import StartResponse, WSGIEnvironment

import jsonschema
import schemathesis
from hypothesis import HealthCheck, assume, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi import checks

from handlers import api, callbacks, openapi
from shoal import bootstrap
from tests.unit.handlers.http_calls import content, event, new_world, start, submit, user

CHECKS: Final = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
OF_WRONG_ONES: Final = [*CHECKS, checks.negative_data_rejection]
SIGNED_IN: Final[dict[str, Any]] = {"claims": user()}
"""The caller. API Gateway runs the authorizers; the twin's tests send no token."""


def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """A stand-in for API Gateway: turns requests into events and routes them by path."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body = base64.b64encode(environ["wsgi.input"].read(length)).decode() if length else None
    path = environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace")
    headers = {
        name.removeprefix("HTTP_").replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith("HTTP_") or name == "CONTENT_TYPE"
    }
    asked = event(
        environ["REQUEST_METHOD"], quote(path, safe="/:@"), body, headers=headers, **SIGNED_IN
    )
    asked["isBase64Encoded"] = body is not None
    query = parse_qs(environ["QUERY_STRING"], keep_blank_values=True)
    if query:
        asked["queryStringParameters"] = {name: ",".join(each) for name, each in query.items()}
    asked["rawQueryString"] = environ["QUERY_STRING"]
    answer = (callbacks if asked["routeKey"] in callbacks.ROUTES else api).handler(asked, None)
    status = HTTPStatus(answer["statusCode"])
    start_response(f"{status.value} {status.phrase}", [*answer["headers"].items()])
    return [content(answer)]


def document() -> dict[str, Any]:
    """The contract without the Authorization header."""
    found = openapi.document()
    del found["components"]["securitySchemes"], found["security"]
    for operations in found["paths"].values():
        for operation in operations.values():
            del operation["security"]
    return found


DOCUMENT: Final = document()
REFUSALS: Final = {"checks": {"negative_data_rejection": {"expected-statuses": ["4xx"]}}}
"""Statuses of invalid requests. One that is also too large gets 413 first."""
SCHEMA: Final = schemathesis.openapi.from_dict(
    DOCUMENT, config=schemathesis.Config.from_dict(REFUSALS)
)
SCHEMA.app = application
OPERATIONS: Final = {
    operation.label: operation
    for each in SCHEMA.get_all_operations()
    if isinstance(each, Ok) and (operation := each.ok())
}


def can_be_wrong(label: str) -> bool:
    """Return whether a request can violate a schema; any text is a valid id."""
    raw = OPERATIONS[label].definition.raw
    return "requestBody" in raw or any(
        each["in"] != "path" or each["schema"].keys() - {"type", "title"}
        for each in raw.get("parameters", ())
    )


ASKED: Final = [
    (label, mode)
    for label in OPERATIONS
    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    if mode is GenerationMode.POSITIVE or can_be_wrong(label)
]
"""Each operation, with valid requests, and with invalid ones where they exist."""


def generated(cases: int) -> settings:
    """Yield `count` requests, the same in every run."""
    return settings(
        max_examples=cases,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )


def naming(value: Any, known: Mapping[str, str]) -> Any:
    """Return the request with ids of existing resources."""
    if isinstance(value, list):
        return [naming(each, known) for each in value]
    if isinstance(value, dict):
        return {name: known.get(name) or naming(each, known) for name, each in value.items()}
    return value


def is_allowed(label: str, case: Case[Any]) -> bool:
    """Return whether the schema allows a request; some generated as invalid are valid."""
    raw = OPERATIONS[label].definition.raw
    given = {
        "path": {name: unquote(str(each)) for name, each in (case.path_parameters or {}).items()},
        "query": case.query or {},
        "header": {name.lower(): value for name, value in (case.headers or {}).items()},
    }
    known = {each["name"] for each in raw.get("parameters", ()) if each["in"] == "query"}
    if given["query"].keys() - known:
        return False
    for each in raw.get("parameters", ()):
        name = each["name"].lower() if each["in"] == "header" else each["name"]
        if name in given[each["in"]] and not fits(given[each["in"]][name], each["schema"]):
            return False
    content = raw.get("requestBody", {}).get("content", {})
    return not content or fits(case.body, content["application/json"]["schema"])


def fits(value: Any, schema: Mapping[str, Any]) -> bool:
    """Return whether a schema of the contract allows a value."""
    whole = {"components": DOCUMENT["components"], "allOf": [schema]}
    return bool(jsonschema.Draft202012Validator(whole).is_valid(value))


def ask(label: str, mode: GenerationMode, cases: int) -> Counter[int]:
    """Count responses by status; raise at the first that the contract does not allow.

    Valid requests use the id of an existing job, so that not all responses are 404.
    """
    bootstrap.use(new_world())
    job = submit(count=5)
    start(job)
    known = {"job_id": job, "task_id": f"{job}.2", "task_type": "noop"}
    answers: Counter[int] = Counter()

    wanted = OF_WRONG_ONES if mode is GenerationMode.NEGATIVE else CHECKS

    @generated(cases)
    @given(case=OPERATIONS[label].as_strategy(mode))
    def asked(case: Case[Any]) -> None:
        if mode is GenerationMode.NEGATIVE:
            assume(not is_allowed(label, case))
        if mode is GenerationMode.POSITIVE:
            case.path_parameters = naming(case.path_parameters, known)
            if isinstance(case.body, dict):  # it may be left out
                case.body = naming(case.body, known)
        answers[case.call_and_validate(checks=wanted).status_code] += 1

    asked()
    return answers
