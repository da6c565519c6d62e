"""Tests that rejected requests return a problem, store nothing and start nothing."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handlers import api
from tests.unit.handlers.http_calls import ApiResponse, World, call, event

DEEP = "[" * 100_000 + "]" * 100_000


def refused(answer: ApiResponse, status: int) -> ApiResponse:
    assert answer.status == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json.keys() == {"type", "title", "status", "detail", "errors", "request_id"}
    assert answer.json["status"] == status
    assert answer.headers["x-request-id"] == answer.json["request_id"] == "request-1"
    return answer


def nothing_happened(world: World) -> None:
    assert not any(world.jobs.snapshot().values())
    assert not any(world.workflow.snapshot().values())
    assert not any(world.blobs.snapshot().values())


UPLOADED = "0" * 26
"""The name of an upload in the format of the API."""


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"count": 0}, "count"),
        ({"count": -1}, "count"),
        ({"count": 1_000_001}, "count"),
        ({"count": 10**300}, "count"),
        ({"count": 1.5}, "count"),
        ({"count": "1"}, "count"),
        ({"count": True}, "count"),
        ({}, "body"),
        ({"count": 1, "grid": {"a": [1]}}, "body"),
        ({"count": 1, "inputs_uri": "s3://inputs/uploads/default/x"}, "body"),
        ({"grid": {}}, "grid"),
        ({"grid": {"a": []}}, "grid.a"),
        ({"grid": {"a": {"range": [0]}}}, "grid.a"),
        ({"grid": {"a": {"range": [0, 10, 0]}}}, "grid.a"),
        ({"grid": {"a": {"range": [0, 10**300]}}}, "grid.a"),
        ({"grid": {"a": {"range": [0, 10], "step": 2}}}, "grid.a"),
        ({"grid": {"a": {"range": [0, 0]}}}, "grid"),
        ({"grid": {"a": {"range": [0, 2_000]}, "b": {"range": [0, 2_000]}}}, "grid"),
        ({"grid": {"a": {"range": [0, 2**53 - 1]}}}, "grid"),
        ({"grid": {"a": [0] * 10_001}}, "grid"),
        ({"inputs": []}, "inputs"),
        ({"inputs": [3]}, "inputs[0]"),
        ({"inputs": [{"x": "y" * 1_000_000}]}, "inputs"),
        ({"inputs_uri": "s3://elsewhere/x"}, "inputs_uri"),
        ({"inputs_uri": "s3://inputs/uploads/another/x"}, "inputs_uri"),
        ({"inputs_uri": "s3://inputs/uploads/default/x.jsonl"}, "inputs_uri"),
        ({"inputs_uri": f"s3://inputs/uploads/default/{UPLOADED}"}, "inputs_uri"),
        ({"inputs_uri": f"s3://inputs/uploads/default/below/{UPLOADED}.jsonl"}, "inputs_uri"),
        ({"inputs_uri": f"s3://inputs/uploads/default/../another/{UPLOADED}.jsonl"}, "inputs_uri"),
        ({"count": 1, "name": "x" * 201}, "name"),
        ({"count": 1, "name": "line\nbreak"}, "name"),
        ({"count": 1, "tags": {str(n): "" for n in range(51)}}, "tags"),
        ({"count": 1, "tags": {"team": 1}}, "tags.team"),
        ({"count": 1, "params": {"x": "y" * 8_192}}, "params"),
        ({"count": 1, "chunk_size": 0}, "chunk_size"),
        ({"count": 1, "chunk_size": 257}, "chunk_size"),
        ({"count": 1, "chunk_size": "big"}, "chunk_size"),
        ({"count": 1_000_000, "chunk_size": 15}, "chunk_size"),
        ({"count": 1, "max_parallelism": 0}, "max_parallelism"),
        ({"count": 1, "max_failed": -1}, "max_failed"),
        ({"count": 1, "timeout": 0}, "timeout"),
        ({"count": 1, "timeout": 36_001}, "timeout"),
        ({"count": 1, "retry": {"max_attempts": 0}}, "retry.max_attempts"),
        ({"count": 1, "retry": {"max_attempts": 101}}, "retry.max_attempts"),
        ({"count": 1, "retry": {"max_delay": 1e9}}, "retry.max_delay"),
        ({"count": 1, "retry": {"tries": 3}}, "retry.tries"),
        ({"count": 1, "deadline": "tomorrow"}, "deadline"),
        ({"count": 1, "deadline": "2027-12-01T00:00:00"}, "deadline"),
        ({"count": 1, "deadline": 1_900_000_000}, "deadline"),
        ({"count": 1, "deadline": "2020-01-01T00:00:00Z"}, "deadline"),
        ({"count": 1, "deadline": "9999-12-31T23:59:59-23:59"}, "deadline"),
        ({"count": 1, "priority": "urgent"}, "priority"),
        ({"count": 1, "task_type": "unheard-of"}, "task_type"),
        ({"count": 1, "task_type": "no such\nname"}, "task_type"),
        ({"count": 1, "colour": "blue"}, "colour"),
        ({"count": 1, "task_type": "sized", "params": {"size": 0}}, "params"),
        ({"inputs": [{}, {"size": "x"}], "task_type": "sized"}, "inputs[1]"),
    ],
)
def test_an_invalid_job_is_refused_with_its_field(
    world: World, fields: dict[str, object], field: str
) -> None:
    answer = call("POST", "/jobs", {"task_type": "noop", **fields})

    assert field in refused(answer, 422).fields
    nothing_happened(world)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "null",
        "[]",
        '[{"task_type": "noop", "count": 1}]',
        '"text"',
        '{"task_type": "noop", "count": 1, "count": 2}',
        '{"task_type": "noop", "count": 1, "params": {"a": 1, "a": 2}}',
        '{"task_type": "noop", "count": NaN}',
        '{"task_type": "noop", "count": 1, "params": {"x": Infinity}}',
        '{"task_type": "noop", "count": 1, "params": {"x": 1e400}}',
        '{"task_type": "noop", "count": 1, "params": {"x": ' + "9" * 5_000 + "}}",
        '{"task_type": "noop", "count": 1, "name": "\\ud800"}',
        '{"task_type": "noop", "count": 1, "params": {"\\udfff": 1}}',
        '{"task_type": "noop", "count": 1, "name": "\ud800"}',
        '{"task_type": "noop", "count": 1, "params": {"x": "a\\u0000b"}}',
        '{"task_type": "noop", "count": 1, "params": {"x": ' + DEEP + "}}",
    ],
)
def test_an_invalid_json_body_is_refused(world: World, body: str) -> None:
    answer = call("POST", "/jobs", body)

    refused(answer, 400 if body else 422)
    nothing_happened(world)


def test_an_escaped_backslash_before_u0000_is_not_a_nul_character() -> None:
    answer = call(
        "POST", "/jobs", '{"task_type": "noop", "count": 1, "params": {"x": "\\\\u0000"}}'
    )

    assert answer.status == 201


def test_a_body_over_the_limit_is_refused(world: World) -> None:
    answer = call("POST", "/jobs", {"task_type": "noop", "count": 1, "name": "x" * 1_300_000})

    refused(answer, 413)
    nothing_happened(world)


def test_a_body_that_is_not_base64_is_refused() -> None:
    broken = event("POST", "/api/v1/jobs", "{}") | {"body": "?", "isBase64Encoded": True}

    assert api.handler(broken, None)["statusCode"] == 400


def test_a_form_is_refused() -> None:
    answer = call("POST", "/jobs", "count=1", headers={"Content-Type": "text/plain"})

    refused(answer, 415)


@pytest.mark.parametrize("key", ["", "a b", "ä", "x" * 256])
def test_a_key_that_is_not_visible_ascii_is_refused(world: World, key: str) -> None:
    answer = call(
        "POST", "/jobs", {"task_type": "noop", "count": 1}, headers={"Idempotency-Key": key}
    )

    assert refused(answer, 422).fields == ["idempotency-key"]
    nothing_happened(world)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/jobs/nothing"),
        ("GET", "/jobs/job_00000000000000000000000000"),
        ("GET", "/jobs/job_00000000000000000000000000/tasks"),
        ("GET", "/jobs/job_00000000000000000000000000/results"),
        ("POST", "/jobs/job_00000000000000000000000000/cancel"),
        ("GET", "/tasks/nothing"),
        ("GET", "/tasks/job_00000000000000000000000000.0"),
        ("GET", "/tasks/job_00000000000000000000000000.01"),
        ("GET", "/tasks/job_00000000000000000000000000.9999999"),
        ("GET", "/tasks/job_00000000000000000000000000.99999999999999999999"),
        ("GET", "/tasks/job_00000000000000000000000000.²"),
        ("GET", "/jobs/%00"),
        ("GET", "/jobs/job_0000000000000000000000000é"),
        ("GET", "/jobs/.."),
        ("GET", "/elsewhere"),
        ("DELETE", "/jobs"),
    ],
)
def test_unknown_resources_are_404(method: str, path: str) -> None:
    refused(call(method, path), 404)


def test_problems_never_contain_submitted_values() -> None:
    answer = call("POST", "/jobs", {"task_type": "noop", "count": "s3cret", "priority": "s3cret"})

    assert "s3cret" not in refused(answer, 422).text


_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=10)
    | st.sampled_from(["auto", "noop", "sized", "high", "2027-12-01T00:00:00Z"]),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=8,
)
_names = st.sampled_from(
    [
        "task_type",
        "name",
        "count",
        "grid",
        "inputs",
        "inputs_uri",
        "params",
        "chunk_size",
        "priority",
        "max_parallelism",
        "timeout",
        "retry",
        "deadline",
        "max_failed",
        "tags",
    ]
)


@settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(fields=st.dictionaries(_names, _values))
def test_no_body_causes_a_server_error(fields: dict[str, object]) -> None:
    answer = call("POST", "/jobs", json.dumps({"task_type": "noop", **fields}))

    assert answer.status in {201, 400, 422}, answer.text
