"""Generated requests to every operation: no answer but those that the contract names."""

import base64
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, quote
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

from handlers import api, callbacks, openapi
from tests.unit.handlers.edge import event, start, submit, user

CASES = 40
CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
]
SIGNED_IN: dict[str, Any] = {"claims": user()}
"""Who asks. Authorizers are API Gateway's: the twin's tests ask without a token."""


def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """API Gateway, as far as functions can tell: a request is an event, and is routed by path."""
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
    return [answer["body"].encode()]


def document() -> dict[str, Any]:
    """The contract, but for the Authorization header."""
    found = openapi.document()
    del found["components"]["securitySchemes"], found["security"]
    for operations in found["paths"].values():
        for operation in operations.values():
            del operation["security"]
    return found


SCHEMA = schemathesis.openapi.from_dict(document())
SCHEMA.app = application
OPERATIONS = {each.ok().label: each.ok() for each in SCHEMA.get_all_operations()}


def workers(label: str) -> bool:
    """Whether it is one of the calls of workers, who have no scopes."""
    return label in callbacks.ROUTES


fuzzed = settings(
    max_examples=CASES,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
@pytest.mark.parametrize("label", OPERATIONS)
def test_no_request_is_answered_in_a_way_that_the_contract_does_not_name(
    label: str, mode: GenerationMode
) -> None:
    operation = OPERATIONS[label].definition.raw
    if mode is GenerationMode.NEGATIVE and not operation.keys() & {"parameters", "requestBody"}:
        pytest.skip("has nothing that could be wrong")
    job = submit(count=5)
    start(job)
    known = {"job_id": job, "task_id": f"{job}.2"}

    @fuzzed
    @given(case=OPERATIONS[label].as_strategy(mode))
    def answered(case: Case) -> None:
        if mode is GenerationMode.POSITIVE:
            case.path_parameters = {**(case.path_parameters or {})} | {
                name: known[name] for name in case.path_parameters or {} if name in known
            }
        case.call_and_validate(checks=CHECKS)

    answered()


@pytest.mark.parametrize(
    "label", [each for each in OPERATIONS if each != "GET /api/v1/health" and not workers(each)]
)
def test_who_has_no_scope_is_refused_whatever_is_asked(
    label: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SIGNED_IN, "claims", user(scope=""))

    @fuzzed
    @given(case=OPERATIONS[label].as_strategy())
    def refused(case: Case) -> None:
        assert case.call().status_code == HTTPStatus.FORBIDDEN

    refused()
