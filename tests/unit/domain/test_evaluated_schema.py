"""How deep inputs may nest, so that a recursive schema is evaluated in bounded time."""

from typing import Any

import pytest

from shoal.domain.evaluated_schema import DEEPEST_INPUT, deepest_input, evaluated

type Json = Any

T = {"$ref": "#/$defs/t"}


def deepest(t: Json) -> int:
    return deepest_input(evaluated({"$defs": {"t": t}, "properties": {"root": T}}))


def operation(kind: str, *, needed: bool = True) -> Json:
    return {
        "type": "object",
        "properties": {"kind": {"const": kind}, "left": T, "right": T},
        "required": ["kind"] if needed else [],
    }


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string"},
        {"properties": {"left": T, "right": T}},
        {"additionalProperties": {"items": T}},
        {"anyOf": [{"type": "integer"}, {"type": "array", "items": T}, {"type": "null"}]},
        {"prefixItems": [T, T, T]},
        {"oneOf": [operation(kind) for kind in ("add", "multiply", "divide", "power")]},
        {
            "oneOf": [operation(kind, needed=False) for kind in ("add", "multiply")],
            "discriminator": {"propertyName": "kind"},
        },
    ],
)
def test_recursion_that_applies_once_per_level_is_not_limited(schema: Json) -> None:
    assert deepest(schema) == DEEPEST_INPUT


@pytest.mark.parametrize(
    ("schema", "least", "most"),
    [
        ({"anyOf": [{"properties": {"x": T}}, {"properties": {"x": T}}]}, 7, 10),
        ({"allOf": [{"items": T}, {"contains": T}]}, 7, 10),
        ({"properties": {"x": T}, "patternProperties": {"^x": T}}, 5, 10),
        ({"anyOf": [operation(kind, needed=False) for kind in "abcd"]}, 3, 6),
        ({"not": {"not": {"allOf": [{"properties": {"x": T}}, {"properties": {"x": T}}]}}}, 7, 10),
        ({"if": {"properties": {"x": T}}, "then": {"properties": {"x": T}}}, 7, 10),
    ],
)
def test_recursion_that_doubles_at_each_level_is_limited(
    schema: Json, least: int, most: int
) -> None:
    assert least <= deepest(schema) <= most


def test_definitions_that_double_are_too_much_for_any_input() -> None:
    chain: Json = {f"a{n}": {"anyOf": [{"$ref": f"#/$defs/a{n + 1}"}] * 2} for n in range(40)}
    schema = {"$defs": {**chain, "a40": {}}, "$ref": "#/$defs/a0"}

    assert deepest_input(evaluated(schema)) == -1


def test_a_validator_sees_no_annotation_and_no_name_of_the_author() -> None:
    schema = {
        "title": "T",
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "x-order": {"$ref": "http://127.0.0.1/"},
        "definitions": {"Größe/2": {"default": 1, "format": "password", "type": "string"}},
        "properties": {"title": {"$ref": "#/definitions/Größe~12"}, "self": {"$ref": "#"}},
    }

    assert evaluated(schema) == {
        "properties": {"title": {"$ref": "#/$defs/0"}, "self": {"$ref": "#"}},
        "$defs": {"0": {"type": "string"}},
    }
