"""A compromised worker registers the JSON Schema of a task type, and is rejected."""

import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from shoal.domain import input_schema
from shoal.ports.task_types import TaskType
from tests.unit.handlers.http_calls import ApiResponse, World, call, callback

type Json = Any


def register(schema: Json, name: str = "attack") -> ApiResponse:
    """Register one task type as a worker does."""
    offer = {"name": name, "schema": schema}
    return callback("workers", {"worker": "w-1", "task_types": [offer]})


def submit(params: Json, name: str = "attack") -> ApiResponse:
    return call("POST", "/jobs", {"task_type": name, "count": 1, "params": params})


def nested(depth: int, wrap: Callable[[Json], Json], leaf: Json) -> Json:
    for _ in range(depth):
        leaf = wrap(leaf)
    return leaf


def assert_refused(answer: ApiResponse, pointer: str) -> None:
    assert answer.status == 422, answer.text
    assert answer.fields[0] == "task_types[0].schema"
    assert answer.json["errors"][0]["message"].startswith(f"at {pointer}: ")


# Code.


@pytest.mark.parametrize("keyword", ["definition_rule", "name", "variable", "definition", "rule"])
@pytest.mark.parametrize(
    "text",
    [
        "{{__import__('pathlib').Path('{sentinel}').touch()}}",
        '""" + str(__import__("pathlib").Path("{sentinel}").touch()) + """',
        "'+str(__import__('pathlib').Path('{sentinel}').touch())+'",
        '", value=__import__("pathlib").Path("{sentinel}").touch(), name="',
    ],
)
def test_no_text_of_a_schema_runs_as_code(tmp_path: Path, keyword: str, text: str) -> None:
    sentinel = tmp_path / "executed"
    code = text.replace("{sentinel}", str(sentinel)).replace("{{", "{").replace("}}", "}")
    schemas = [
        {"const": 1, keyword: code},
        {"properties": {"a": {"const": 1, keyword: code}}},
        {"properties": {"a": {"const": code}, code: {"enum": [code]}}, "required": [code]},
        {"properties": {"a": {"type": "string", "description": code, "default": code}}},
        {"$defs": {code: {"const": code}}, "properties": {"a": {"$ref": "#/$defs/" + code}}},
    ]

    for schema in schemas:
        registered = register(schema)
        submitted = submit({"a": 2})

        assert registered.status in {200, 422}
        assert submitted.status in {201, 422}
        assert not sentinel.exists()


def test_a_constant_is_checked_from_end_to_end() -> None:
    schema = {"type": "object", "properties": {"mode": {"const": "fast", "type": "string"}}}

    assert register(schema).status == 200
    assert submit({"mode": "fast"}).status == 201
    refused = submit({"mode": "slow"})
    assert (refused.status, refused.json["errors"]) == (
        422,
        [{"field": "params", "message": 'mode must be "fast"'}],
    )


# Addresses.


@pytest.fixture
def hits() -> Iterator[tuple[int, list[str]]]:
    """A server on loopback, and the paths that were requested."""
    paths: list[str] = []

    class Counting(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            paths.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Counting) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server.server_port, paths
        server.shutdown()
        thread.join()


SPELLINGS = [
    "http://127.0.0.1:{port}/s",
    "HTTP://127.0.0.1:{port}/s",
    "HtTp:127.0.0.1:{port}/s",
    "<http://127.0.0.1:{port}/s>",
    " http://127.0.0.1:{port}/s",
    "\thttp://127.0.0.1:{port}/s",
    "\nhttp://127.0.0.1:{port}/s",
    "url:http://127.0.0.1:{port}/s",
    "http%3A//127.0.0.1:{port}/s",
    "%68ttp://127.0.0.1:{port}/s",
    "http://127.0.0.1:{port}/s#/$defs/a",
    "#http://127.0.0.1:{port}/s",
    "#a/../http://127.0.0.1:{port}/s",
    "//127.0.0.1:{port}/s",
    "\\\\127.0.0.1:{port}\\s",
    "https://127.0.0.1:{port}/s",
    "ftp://127.0.0.1:{port}/s",
    "file:///etc/passwd",
    "FILE:/etc/passwd",
    "data:application/json,{}",
    "urn:example:s",
    "/etc/passwd",
    "s.json",
    "../s.json",
    "?a",
    "",
    "https://json-schema.org/draft/2020-12/schema",
]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_nothing_is_fetched_for_a_reference(hits: tuple[int, list[str]], spelling: str) -> None:
    port, paths = hits
    address = spelling.replace("{port}", str(port))

    for schema, pointer in (
        ({"$ref": address}, "/$ref"),
        ({"properties": {"a": {"$ref": address}}}, "/properties/a/$ref"),
        ({"allOf": [{"$ref": address}]}, "/allOf/0/$ref"),
        ({"$defs": {"a": {"$ref": address}}}, "/$defs/a/$ref"),
    ):
        assert_refused(register(schema), pointer)
    assert paths == []


@pytest.mark.parametrize(
    "keyword",
    ["$id", "id", "$anchor", "$dynamicRef", "$dynamicAnchor", "$recursiveRef", "$vocabulary"],
)
def test_a_schema_has_no_address(hits: tuple[int, list[str]], keyword: str) -> None:
    port, paths = hits

    schema = {"properties": {"a": {keyword: f"http://127.0.0.1:{port}/s", "$ref": "#/x"}}}

    assert_refused(register(schema), f"/properties/a/{keyword}")
    assert paths == []


@pytest.mark.parametrize("keyword", ["const", "enum", "default", "examples", "x-hint", "$comment"])
def test_addresses_in_values_and_annotations_are_only_values(
    hits: tuple[int, list[str]], keyword: str
) -> None:
    port, paths = hits
    address = f"http://127.0.0.1:{port}/s"
    value = {"$ref": address, "$id": address, "$schema": address}
    held: Json = [value] if keyword in {"enum", "examples"} else value
    held = address if keyword == "$comment" else held

    assert register({"properties": {"a": {keyword: held}}}).status == 200
    assert submit({"a": value}).status == 201
    assert paths == []


def test_a_stored_schema_is_not_trusted(world: World, hits: tuple[int, list[str]]) -> None:
    port, paths = hits
    for schema in (
        {"$ref": f"<http://127.0.0.1:{port}/s>"},
        {"const": 1, "definition_rule": "x"},
        {"multipleOf": 0},
        {"$ref": "#"},
        {"pattern": "(?=a)"},
    ):
        world.types.register(TaskType("old", schema))

        answer = submit({"a": 1}, "old")

        assert (answer.status, answer.fields) == (422, ["task_type"])
        assert answer.json["type"] == "urn:shoal:problem:unusable-schema"
    assert paths == []


# Time and memory.


SECONDS = 1.0
"""CPU of a registration and a submit together; measured, each takes some milliseconds."""


def bounded(schema: Json, params: Json) -> list[int]:
    """The statuses of a registration and a submit, neither of which may take long."""
    began = time.process_time()
    statuses = [register(schema).status, submit(params).status]
    assert time.process_time() - began < SECONDS
    return statuses


@pytest.mark.parametrize(
    "pattern",
    ["^(a+)+$", "^(a|aa)+$", "^(a|a?)+$", "(.*)*b", "^(([a-z])+.)+[A-Z]([a-z])+$", "a*a*a*a*a*b"],
)
def test_a_pattern_matches_in_linear_time(pattern: str) -> None:
    params = {"a": "a" * 8_000 + "!"}

    for schema in (
        {"properties": {"a": {"pattern": pattern}}},
        {"patternProperties": {pattern: {}}, "properties": {"a": {"type": "string"}}},
        {"propertyNames": {"pattern": pattern}},
    ):
        assert bounded(schema, params)[0] == 200


def test_a_pattern_matches_large_inputs_in_linear_time() -> None:
    register({"properties": {"a": {"pattern": "^(a+)+$"}}})

    began = time.process_time()
    answer = call("POST", "/jobs", {"task_type": "attack", "inputs": [{"a": "a" * 500_000 + "!"}]})

    assert time.process_time() - began < SECONDS
    assert (answer.status, answer.fields) == (422, ["inputs[0]"])


@pytest.mark.parametrize(
    "pattern",
    [
        "(?=a)b",
        "(?!a)b",
        "(?<=a)b",
        "(?<!a)b",
        r"(a)\1",
        r"(?P<x>a)(?P=x)",
        r"(?<x>a)\k<x>",
        "(",
        "[",
        "a**b{",
        "a" * 2_000,
        "(a{1000}){1000}",
    ],
)
def test_a_pattern_outside_the_linear_engine_is_refused(pattern: str) -> None:
    assert_refused(register({"properties": {"a": {"pattern": pattern}}}), "/properties/a/pattern")


def test_patterns_are_bounded_together() -> None:
    many = {f"p{n}": {"pattern": f"^([a-z]{{1,50}}{n}){{1,20}}$"} for n in range(150)}

    answer = register({"properties": many})

    assert_refused(answer, "the root")


@pytest.mark.parametrize("divisor", [0, -1, 0.0, "1", True, None])
def test_a_divisor_that_is_not_above_zero_is_refused(divisor: Json) -> None:
    assert_refused(
        register({"properties": {"a": {"multipleOf": divisor}}}), "/properties/a/multipleOf"
    )


@pytest.mark.parametrize(
    ("schema", "pointer"),
    [
        ({"$ref": "#"}, "the root"),
        ({"allOf": [{"$ref": "#"}]}, "the root"),
        ({"not": {"anyOf": [{"$ref": "#"}]}}, "the root"),
        ({"if": {"$ref": "#"}}, "the root"),
        ({"dependentSchemas": {"a": {"$ref": "#"}}}, "the root"),
        (
            {
                "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"oneOf": [{"$ref": "#/$defs/a"}]}},
                "properties": {"a": {"$ref": "#/$defs/a"}},
            },
            "/$defs/a",
        ),
    ],
)
def test_a_schema_that_never_ends_is_refused(schema: Json, pointer: str) -> None:
    assert_refused(register(schema), pointer)


_T = {"$ref": "#/$defs/t"}
_X = {"properties": {"x": _T}}
DOUBLING: dict[str, Json] = {
    "allOf": {"allOf": [_X, _X]},
    "anyOf": {"anyOf": [{**_X, "required": ["z"]}, {**_X, "required": ["z"]}]},
    "oneOf": {"oneOf": [_X, {**_X, "required": ["z"]}]},
    "not": {"allOf": [{"not": {"not": _X}}, {"not": {"not": _X}}]},
    "if": {"if": _X, "then": _X, "else": _X},
    "additionalProperties": {"allOf": [{"additionalProperties": _T}, {"additionalProperties": _T}]},
    "patternProperties": {"patternProperties": {"^x": _T, "x$": _T, "x": _T}},
    "dependentSchemas": {"dependentSchemas": {"x": _X}, **_X},
}


@pytest.mark.parametrize("keyword", DOUBLING)
@pytest.mark.parametrize("leaf", [{}, {"z": 1}, 1, "s"])
def test_recursion_that_doubles_at_each_level_takes_no_exponential_time(
    keyword: str, leaf: Json
) -> None:
    schema = {"$defs": {"t": {**DOUBLING[keyword], "type": "object"}}, **_T}

    for depth in (5, 60):
        statuses = bounded(schema, nested(depth, lambda inner: {"x": inner}, leaf))

        assert statuses[0] == (422 if keyword == "patternProperties" else 200)


def test_references_that_double_take_no_exponential_time() -> None:
    for keyword in ("allOf", "anyOf", "oneOf"):
        chain: Json = {f"a{n}": {keyword: [{"$ref": f"#/$defs/a{n + 1}"}] * 2} for n in range(40)}
        chain["a40"] = {"type": "integer"}

        answer = register({"$defs": chain, "properties": {"x": {"$ref": "#/$defs/a0"}}})

        assert_refused(answer, "the root")


def test_properties_that_double_take_no_exponential_time() -> None:
    chain: Json = {
        f"a{n}": {"allOf": [{"properties": {"x": {"$ref": f"#/$defs/a{n + 1}"}}}] * 2}
        for n in range(40)
    }
    schema = {"$defs": {**chain, "a40": {"type": "integer"}}, "$ref": "#/$defs/a0"}

    for depth in (8, 39):
        assert bounded(schema, nested(depth, lambda inner: {"x": inner}, 1))[0] == 200


@pytest.mark.parametrize(
    "schema",
    [
        nested(65, lambda inner: {"not": inner}, {}),
        nested(64, lambda inner: {"properties": {"a": inner}}, {}),
        {"const": nested(64, lambda inner: [inner], 1)},
        {"default": nested(64, lambda inner: {"a": inner}, 1)},
        {"allOf": [{}] * 2_001},
        {"enum": list(range(1_001))},
        {"enum": [[n] for n in range(21)]},
        {"properties": {f"p{n}": {"enum": list(range(100))} for n in range(11)}},
        {"patternProperties": {f"p{n}": {} for n in range(201)}},
        {"description": "x" * 70_000},
    ],
)
def test_a_schema_that_is_too_large_is_refused(schema: Json) -> None:
    assert_refused(register(schema), "the root")


def test_a_large_enum_of_strings_is_looked_up_at_once() -> None:
    names = [f"n{n}" for n in range(6_000)]
    register({"properties": {"a": {"items": {"enum": names}}}})

    began = time.process_time()
    answer = call(
        "POST", "/jobs", {"task_type": "attack", "inputs": [{"a": [names[-1]] * 100_000}]}
    )

    assert answer.status == 201
    assert time.process_time() - began < SECONDS


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {"a": {"items": {"not": {"enum": list(range(999))}}}}},
        {"properties": {"a": {"items": {"not": {"enum": [[n] for n in range(19)]}}}}},
        {"properties": {"a": {"uniqueItems": True}}},
        {"properties": {"a": {"items": {"allOf": [{"type": "integer"}] * 990}}}},
    ],
)
def test_a_large_input_is_checked_in_bounded_time(schema: Json) -> None:
    assert register(schema).status == 200

    began = time.process_time()
    answer = call(
        "POST", "/jobs", {"task_type": "attack", "inputs": [{"a": list(range(2_000, 32_000))}]}
    )

    assert answer.status == 201
    assert time.process_time() - began < 3 * SECONDS


# Answers.


def test_one_bad_schema_does_not_lose_the_other_types(world: World) -> None:
    offers = [
        {"name": "good", "schema": {"properties": {"mode": {"const": "fast"}}}},
        {"name": "bad", "schema": {"properties": {"a/b": {"$ref": "http://127.0.0.1:9/"}}}},
    ]

    answer = callback("workers", {"worker": "w-1", "task_types": offers})

    assert answer.status == 200
    assert answer.json["registered"] == 1
    (rejected,) = answer.json["rejected"]
    assert rejected["name"] == "bad"
    assert [each["pointer"] for each in rejected["problems"]] == ["/properties/a~1b/$ref"]
    (worker,) = call("GET", "/workers").json["items"]
    assert [each["name"] for each in worker["task_types"]] == ["good"]
    assert world.types.get("good") is not None
    assert world.types.get("bad") is None
    assert submit({"mode": "fast"}, "good").status == 201


def test_an_error_never_repeats_the_value() -> None:
    entered = "hunter2-5f3a"
    schema = {
        "properties": {
            "a": {"type": "integer"},
            "b": {"pattern": "^x$"},
            "c": {"enum": ["red", 1]},
            "d": {"const": "x"},
            "e": {"anyOf": [{"type": "integer"}, {"maxLength": 2, "type": "string"}]},
            "f": {"oneOf": [{"const": 1}, {"const": 2}]},
            "g": {"maxLength": 3},
            "h": {"format": "date"},
            "i": {"not": {"type": "string"}},
            "j": {"items": {"type": "integer"}},
            "k": {"additionalProperties": {"type": "integer"}},
        }
    }
    register(schema)

    for name in schema["properties"]:
        value = {"j": [entered], "k": {"name": entered}}.get(name, entered)
        answer = submit({name: value})

        assert answer.status == 422
        assert answer.json["errors"][0]["message"].startswith(name)
        assert entered not in answer.text


def test_the_bounds_of_this_module_are_those_of_the_code() -> None:
    assert (input_schema.MAX_DEPTH, input_schema.MAX_SUBSCHEMAS) == (64, 2_000)
    assert (input_schema.MAX_ENUM, input_schema.MAX_PATTERNS) == (1_000, 200)
