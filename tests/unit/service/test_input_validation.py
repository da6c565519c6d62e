"""The message for an input that does not fit: the field, and the required value."""

from typing import Any

import pytest

from shoal.domain.errors import UnusableSchema
from shoal.service.input_validation import input_checker, line_checker, schema_problems

type Json = Any

SCHEMA = {
    "type": "object",
    "properties": {
        "number": {"type": "string"},
        "email": {"type": "string"},
        "lines": {"type": "array", "items": {"type": "object", "required": ["text"]}},
    },
    "required": ["number", "lines", "email"],
    "additionalProperties": False,
}


def message(schema: dict[str, Json], value: dict[str, Json]) -> str | None:
    mismatch = input_checker(schema)(value)
    return None if mismatch is None else str(mismatch)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"number": "1", "lines": [], "email": "a"}, None),
        ({"number": "1", "lines": []}, "email is required"),
        ({"number": "1", "lines": [{"text": 1}, {}], "email": ""}, "lines[1].text is required"),
        ({"number": 1, "lines": [], "email": ""}, "number must be a string"),
        (
            {"number": "1", "lines": [], "email": "", "extra": 1},
            "extra is not a field of the task type",
        ),
    ],
)
def test_the_message_names_the_field(given: dict[str, Json], why: str | None) -> None:
    assert message(SCHEMA, given) == why


@pytest.mark.parametrize(
    ("schema", "value", "why"),
    [
        ({"type": ["string", "null"]}, 1, "must be a string or null"),
        ({"type": "integer"}, 1.5, "must be an integer"),
        ({"type": "integer"}, True, "must be an integer"),
        ({"type": "integer"}, 2.0, None),
        ({"const": 1}, True, "must be 1"),
        ({"const": 1}, 1.0, None),
        ({"const": {"a": [1]}}, {"a": [1]}, None),
        ({"enum": ["a", "b"]}, "c", 'must be one of "a", "b"'),
        ({"enum": list(range(8))}, 9, "must be one of 0, 1, 2, 3, 4 and 3 more"),
        ({"minimum": 1}, 0, "must be at least 1"),
        ({"maximum": 1.5}, 2, "must be at most 1.5"),
        ({"exclusiveMinimum": 0}, 0, "must be above 0"),
        ({"exclusiveMaximum": 0}, 0, "must be below 0"),
        ({"multipleOf": 5}, 7, "must be a multiple of 5"),
        ({"multipleOf": 0.01}, 19.99, None),
        ({"minLength": 2}, "a", "must have at least 2 characters"),
        ({"maxLength": 1}, "ab", "must have at most 1 character"),
        ({"pattern": "^a+$"}, "b", "must match the pattern ^a+$"),
        ({"format": "date"}, "2026-02-30", "must be a valid date"),
        ({"format": "date-time"}, "today", "must be a valid date-time"),
        ({"format": "uri"}, "no address", "must be a valid uri"),
        ({"format": "uri"}, "https://a/b c|d", None),
        ({"format": "duration"}, "PT0.5S", None),
        ({"format": "regex"}, "(", None),
        ({"minItems": 1}, [], "must have at least 1 item"),
        ({"maxItems": 1}, [1, 2], "must have at most 1 item"),
        ({"uniqueItems": True}, [1, 1.0], "must have no item twice"),
        ({"prefixItems": [{"type": "string"}]}, [1], "[0] must be a string"),
        ({"prefixItems": [{}], "items": False}, [1, 2], "must have at most 1 item"),
        ({"contains": {"const": 1}}, [2], "has too few or too many items of the required kind"),
        ({"minProperties": 1}, {}, "must have at least 1 field"),
        ({"propertyNames": {"enum": ["a"]}}, {"b": 1}, ".b is not an allowed name"),
        ({"patternProperties": {"^n": {"type": "null"}}}, {"n1": 1}, ".n1 must be null"),
        ({"dependentRequired": {"a": ["b"]}}, {"a": 1}, ".b is required with a"),
        ({"not": {"type": "string"}}, "s", "has a form that is not allowed"),
        (
            {"allOf": [{"type": "string"}, {"minLength": 3}]},
            "ab",
            "must have at least 3 characters",
        ),
        (
            {"if": {"type": "string"}, "then": {"minLength": 1}},
            "",
            "must have at least 1 character",
        ),
        ({"if": {"type": "string"}, "else": {"type": "null"}}, 1, "must be null"),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "s", "must be an integer or null"),
        (
            {"anyOf": [{"type": "string", "minLength": 2}, {"type": "null"}]},
            "s",
            "must have at least 2 characters",
        ),
        (
            {"oneOf": [{"type": "integer"}, {"minimum": 0}]},
            1,
            "must fit exactly one of 2 forms, and fits 2",
        ),
        (False, 1, "is not allowed"),
        ({"$ref": "#/$defs/a~1b"}, 1, "must be a string"),
    ],
)
def test_the_message_names_the_required_value(schema: Json, value: Json, why: str | None) -> None:
    whole = {"properties": {"field": schema}, "$defs": {"a/b": {"type": "string"}}}

    found = message(whole, {"field": value})

    join = "" if why is not None and why[0] in "[." else " "
    assert found == (None if why is None else f"field{join}{why}")


CAT = {
    "type": "object",
    "properties": {"kind": {"const": "cat"}, "lives": {"type": "integer"}},
    "required": ["kind", "lives"],
}
DOG = {
    "type": "object",
    "properties": {"kind": {"const": "dog"}, "name": {"type": "string"}},
    "required": ["kind", "name"],
}


@pytest.mark.parametrize("keyword", ["anyOf", "oneOf"])
@pytest.mark.parametrize(
    ("pet", "why"),
    [
        ({"kind": "cat", "lives": 9}, None),
        ({"lives": "x", "kind": "cat"}, "pet.lives must be an integer"),
        ({"kind": "dog"}, "pet.name is required"),
        ({"kind": "fish"}, 'pet.kind must be one of "cat", "dog"'),
        ({"lives": 9}, "pet.kind is required"),
        ("cat", "pet must be an object"),
    ],
)
def test_a_constant_distinguishes_alternatives(keyword: str, pet: Json, why: str | None) -> None:
    for alternatives in ([CAT, DOG], [{"$ref": "#/$defs/cat"}, {"$ref": "#/$defs/dog"}]):
        schema = {
            "properties": {"pet": {keyword: alternatives}},
            "$defs": {"cat": CAT, "dog": DOG},
        }

        assert message(schema, {"pet": pet}) == why


@pytest.mark.parametrize(
    ("changes", "fitting"),
    [
        ({"required": []}, {"other": 1}),
        ({"type": ["object", "string"]}, "text"),
        ({"properties": {"kind": {"const": 1}}}, {"kind": 1.0}),
        ({"properties": {"kind": {"const": "cat"}, "a": {"const": 1}}}, {"kind": "cat", "a": 2}),
    ],
)
def test_alternatives_that_no_constant_distinguishes_are_all_tried(
    changes: dict[str, Json], fitting: Json
) -> None:
    cat, dog = (
        {"type": "object", "properties": {"kind": {"const": kind}}, "required": ["kind"]}
        for kind in ("cat", "dog")
    )
    schema = {"properties": {"pet": {"anyOf": [{**dog, **changes}, cat]}}}

    assert message(schema, {"pet": fitting}) is None
    assert message(schema, {"pet": 1}) is not None


def test_a_name_of_the_input_is_cut_short_in_a_message() -> None:
    found = message({"additionalProperties": False}, {"n" * 5_000: 1})

    assert found is not None
    assert len(found) < 200


def test_a_search_for_the_reason_that_takes_too_long_ends() -> None:
    items = [{"n": 1}] * 30_000 + [{"n": "x"}]

    found = message(
        {"properties": {"a": {"items": {"properties": {"n": {"type": "integer"}}}}}}, {"a": items}
    )

    assert found == "the input does not fit the schema of the task type"


def test_the_message_for_a_line_names_the_field() -> None:
    check = line_checker(SCHEMA, {"number": "1", "lines": []})

    assert check(b'{"email": "a"}') is None
    assert check(b'{"email": 1}') == "email must be a string"


def test_a_schema_that_was_stored_earlier_is_refused_with_its_place() -> None:
    schema = {"properties": {"a": {"multipleOf": 0}}}

    with pytest.raises(
        UnusableSchema, match="at /properties/a/multipleOf: must be a number above 0"
    ):
        input_checker(schema)


def test_all_problems_of_a_schema_are_reported_up_to_ten() -> None:
    schema = {"properties": {f"p{n:02}": {"type": "strin"} for n in range(12)}}

    found = schema_problems(schema)

    assert [each.pointer for each in found] == [f"/properties/p{n:02}/type" for n in range(10)]
