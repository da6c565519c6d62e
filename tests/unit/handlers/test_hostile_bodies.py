"""Tests that every operation except GET rejects hostile bodies quickly."""

import json
import re
import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from handlers import api, callbacks
from tests.unit.handlers.generated_requests import document
from tests.unit.handlers.http_calls import event, start, submit

type Json = Any

LONGEST = 1.0
"""Seconds of CPU time."""

DOCUMENT = document()
OPERATIONS = {
    f"{method.upper()} {path}": operation
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
    if method in {"post", "put"}
}

HOSTILE: Mapping[str, Callable[[], str]] = {
    "10 MB of a name": lambda: json.dumps("x" * 10_000_000),
    "10 MB of numbers": lambda: "[" + "1," * 5_000_000 + "1]",
    "10 MB of openings": lambda: "[" * 10_000_000,
    "lists 1,000 deep": lambda: "[" * 1_000 + "]" * 1_000,
    "objects 1,000 deep": lambda: '{"a":' * 1_000 + "1" + "}" * 1_000,
    "a NUL": lambda: '"a\0b"',
    "an escaped NUL": lambda: r'"a\u0000b"',
    "a lone high surrogate": lambda: r'"\ud800"',
    "a lone low surrogate": lambda: r'"\udfff"',
    "a pair the wrong way round": lambda: r'"\udc00\ud800"',
    "1e400": lambda: "1e400",
    "-1e400": lambda: "-1e400",
    "a number of 400 digits": lambda: "9" * 400,
    "a number of 4,300 digits": lambda: "9" * 4_300,
    "a number of a million digits": lambda: "9" * 1_000_000,
    "NaN": lambda: "NaN",
    "Infinity": lambda: "-Infinity",
    "a field twice": lambda: '{"a": 1, "a": 1}',
    "a field twice, once escaped": lambda: r'{"a": 1, "\u0061": 1}',
}
"""Values that are rejected in any field."""

KINDS = [
    "text/plain",
    "application/xml",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
]


def asked(operation: str, body: str | bytes, kind: str = "application/json") -> tuple[int, float]:
    """Return the status of the response and its CPU seconds."""
    job = submit(count=2)
    start(job)
    ids = {
        "job_id": job,
        "task_id": f"{job}.1",
        "tenant": "default",
        "client_id": "machine",
        "bulk_action_id": "bulk_" + "0" * 26,
        "webhook_id": "wh_" + "0" * 26,
    }
    method, path = operation.split(" ")
    path = re.sub(r"\{(\w+)\}", lambda found: ids[found[1]], path)
    text = body if isinstance(body, str) else body.decode("latin-1")
    given = event(method, path, text, headers={"Content-Type": kind})
    began = time.process_time()
    answer = (callbacks if operation in callbacks.ROUTES else api).handler(given, None)
    taken = time.process_time() - began
    assert answer["headers"]["Content-Type"] == "application/problem+json", answer
    return answer["statusCode"], taken


def fields(operation: str) -> list[str]:
    """Return the fields of the body; an unknown field if the operation takes no body."""
    body = OPERATIONS[operation].get("requestBody")
    if body is None:
        return ["anything"]
    name = body["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
    return [*DOCUMENT["components"]["schemas"][name]["properties"]]


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_hostile_value_is_refused_quickly_in_any_field(operation: str, hostile: str) -> None:
    value = HOSTILE[hostile]()
    field = fields(operation)[-1]

    for body in (value, f'{{"{field}": {value}}}', f'{{"{field}": [{{"deeper": {value}}}]}}'):
        status, taken = asked(operation, body)

        assert status in {400, 413}
        assert taken < LONGEST


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_body_of_another_type_is_refused(operation: str, kind: str) -> None:
    assert asked(operation, '{"worker": "w-1"}', kind)[0] == 415


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_unknown_field_is_refused(operation: str) -> None:
    assert asked(operation, '{"colour": "blue"}')[0] == 422


@pytest.mark.parametrize("mark", ["\u202e", "\u2066", "\u200f", "\u061c"])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_bidirectional_control_characters_are_refused_in_names(operation: str, mark: str) -> None:
    names = {"name", "worker", "tenant", "key", "task_type"}
    for field in names.intersection(fields(operation)) or ["anything"]:
        body = {"task_type": "noop", "count": 1, field: f"abc{mark}def"}
        if operation != "POST /api/v1/jobs":
            body = {field: body[field]}

        assert asked(operation, json.dumps(body))[0] == 422


def test_bidirectional_control_characters_are_allowed_in_texts() -> None:
    spec = {"task_type": "noop", "count": 1, "params": {"greeting": "\u200fabc"}}

    assert submit(**spec)
