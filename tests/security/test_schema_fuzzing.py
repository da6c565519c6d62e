"""Random schemas and inputs: through the handlers, and compared with another validator."""

import time
from typing import Any

import jsonschema
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shoal import bootstrap
from shoal.domain.evaluated_schema import evaluated
from shoal.domain.input_schema import ASSERTED_FORMATS, KEYWORDS
from shoal.domain.mismatch import UNEXPLAINED
from shoal.service.input_validation import input_checker, schema_problems
from tests.unit.handlers.http_calls import call, callback, new_world

type Json = Any

SECONDS = 2.0
"""CPU for one schema and one input; the slowest examples take some 100 ms."""
MARK = "entered-by-the-user"

NAMES = st.sampled_from(["a", "b", "kind", "a/b", "~", "%25", "é"])
NUMBERS = st.integers(-4, 4) | st.sampled_from([0.5, -1.5, 1e300, 1e-300, 2**53, 10**30])
TEXTS = st.sampled_from(["", "a", "aaa", "2026-01-01", "add", "ten", "é"])
SCALARS = st.none() | st.booleans() | NUMBERS | TEXTS
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)
TYPES = st.sampled_from(["array", "boolean", "integer", "null", "number", "object", "string"])
PATTERNS = st.sampled_from(["^a", "a$", "^(a+)+$", "^[a-z]*$", "", "^.{2}$"])
REFERENCES = st.sampled_from(
    ["#", "#/$defs/a", "#/definitions/b", "#/$defs/a~1b", "#/properties/a"]
)
COUNTS = st.integers(0, 3)

SCHEMAS: st.SearchStrategy[Json] = st.deferred(
    lambda: st.booleans() | st.lists(KEYWORD, max_size=4).map(dict)
)
LISTS = st.lists(SCHEMAS, min_size=1, max_size=3)
MAPS = st.dictionaries(NAMES, SCHEMAS, max_size=3)
TAGGED = st.lists(TEXTS, min_size=1, max_size=3).flatmap(
    lambda tags: st.tuples(
        *(
            st.fixed_dictionaries(
                {
                    "type": st.just("object") | TYPES,
                    "properties": st.fixed_dictionaries(
                        {"kind": st.just({"const": tag}), "a": SCHEMAS}
                    ),
                    "required": st.sampled_from([["kind"], ["kind", "a"], []]),
                }
            )
            for tag in tags
        )
    ).map(list)
)
OPERANDS: dict[str, st.SearchStrategy[Json]] = {
    "type": TYPES | st.lists(TYPES, min_size=1, max_size=3, unique=True),
    "enum": st.lists(VALUES, min_size=1, max_size=3),
    "const": VALUES,
    "multipleOf": st.sampled_from([1, 2, 0.5, 3]),
    **dict.fromkeys(["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"], NUMBERS),
    **dict.fromkeys(["minLength", "maxLength", "minItems", "maxItems"], COUNTS),
    **dict.fromkeys(["minProperties", "maxProperties", "minContains", "maxContains"], COUNTS),
    "pattern": PATTERNS,
    "uniqueItems": st.booleans(),
    "required": st.lists(NAMES, max_size=2, unique=True),
    "dependentRequired": st.dictionaries(NAMES, st.lists(NAMES, max_size=2, unique=True)),
    **dict.fromkeys(["items", "contains", "additionalProperties", "propertyNames"], SCHEMAS),
    **dict.fromkeys(["not", "if", "then", "else"], SCHEMAS),
    **dict.fromkeys(["prefixItems", "allOf"], LISTS),
    **dict.fromkeys(["anyOf", "oneOf"], LISTS | TAGGED),
    **dict.fromkeys(["properties", "dependentSchemas", "$defs", "definitions"], MAPS),
    "patternProperties": st.dictionaries(PATTERNS, SCHEMAS, max_size=2),
    "$ref": REFERENCES,
}
KEYWORD: st.SearchStrategy[tuple[str, Json]] = st.sampled_from(sorted(OPERANDS)).flatmap(
    lambda keyword: st.tuples(st.just(keyword), OPERANDS[keyword])
)
PARTS = st.fixed_dictionaries(
    {"a": SCHEMAS, "a/b": SCHEMAS},
)
WHOLE = st.builds(
    lambda root, parts, b: {**root, "$defs": parts, "definitions": {"b": b}},
    st.lists(KEYWORD, max_size=5).map(dict),
    PARTS,
    SCHEMAS,
)
HOSTILE = st.recursive(
    SCALARS | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([*sorted(KEYWORDS), "$id", "$anchor", "$dynamicRef", "$schema"])
            | st.text(max_size=3),
            inner,
            max_size=4,
        )
    ),
    max_leaves=15,
).filter(lambda each: isinstance(each, dict))
INPUTS = st.dictionaries(NAMES, VALUES | st.just(MARK), max_size=4)

FUZZ = settings(
    max_examples=200,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


@FUZZ
@given(schema=WHOLE | HOSTILE, value=INPUTS)
def test_every_schema_and_input_is_answered_in_bounded_time(schema: Json, value: Json) -> None:
    bootstrap.use(new_world())
    began = time.process_time()

    offer = {"name": "random", "schema": schema}
    registered = callback("workers", {"worker": "w-1", "task_types": [offer]})
    submitted = call("POST", "/jobs", {"task_type": "random", "count": 1, "params": value})

    assert time.process_time() - began < SECONDS
    assert registered.status in {200, 400, 422}, registered.text
    assert submitted.status in ({201, 400, 422} if registered.status == 200 else {400, 422})
    assert MARK not in submitted.text


@FUZZ
@given(schema=WHOLE, value=INPUTS)
def test_the_verdict_is_that_of_another_validator(schema: Json, value: Json) -> None:
    if schema_problems(schema):
        return

    mismatch = input_checker(schema)(value)

    accepted = jsonschema.Draft202012Validator(schema).is_valid(value)
    assert (mismatch is None) == accepted, mismatch
    if mismatch is not None:
        assert mismatch != UNEXPLAINED


@FUZZ
@given(
    pattern=st.text("ab(){}[]+*?|^$.\\d1,:=!<-", max_size=20),
    text=st.text("ab1", max_size=5).map(lambda each: each * 2_000),
)
def test_every_pattern_is_answered_in_bounded_time(pattern: str, text: str) -> None:
    bootstrap.use(new_world())
    began = time.process_time()

    schema = {"properties": {"a": {"pattern": pattern}}, "propertyNames": {"pattern": pattern}}
    offer = {"name": "random", "schema": schema}
    registered = callback("workers", {"worker": "w-1", "task_types": [offer]})
    submitted = call("POST", "/jobs", {"task_type": "random", "inputs": [{"a": text}]})

    assert time.process_time() - began < SECONDS
    assert registered.status in {200, 422}, registered.text
    assert submitted.status in {201, 422}, submitted.text


@FUZZ
@given(schema=WHOLE | HOSTILE)
def test_a_rewritten_schema_has_no_reference_and_no_text_of_its_author(schema: Json) -> None:
    if schema_problems(schema):
        return

    for node in _nodes(evaluated(schema)):
        reference = node.get("$ref", "#")
        assert reference == "#" or reference.removeprefix("#/$defs/").isdigit()
        assert node.get("format", "date") in ASSERTED_FORMATS


def _nodes(schema: Json) -> list[dict[str, Json]]:
    """The subschemas of a rewritten schema; constants and enums can hold anything."""
    found: list[dict[str, Json]] = []
    if isinstance(schema, dict):
        found.append(schema)
        for keyword, operand in schema.items():
            if keyword in {"const", "enum"}:
                continue
            children = operand.values() if isinstance(operand, dict) else [operand]
            if keyword in {"$defs", "properties", "patternProperties", "dependentSchemas"}:
                found.extend(each for child in children for each in _nodes(child))
            elif isinstance(operand, dict | list):
                some = operand if isinstance(operand, list) else [operand]
                found.extend(each for child in some for each in _nodes(child))
    return found
