"""Validates inputs against the JSON Schema of their task type.

The validator evaluates schemas and generates no code. It gets only schemas that
`input_schema` accepts, loads nothing, and matches patterns in linear time.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from shoal.domain import input_schema
from shoal.domain.errors import UnusableSchema
from shoal.domain.evaluated_schema import (
    DEEPEST_INPUT,
    MAX_EVALUATIONS,
    deepest_input,
    evaluated,
)
from shoal.domain.grid import Json
from shoal.domain.input_schema import SchemaProblem, is_deeper
from shoal.domain.mismatch import Mismatch, explain

if TYPE_CHECKING:
    from jsonschema_rs import Draft202012Validator

LEAST_LEVELS: Final = 4
"""Levels that inputs of any schema may nest."""
PATTERN_BYTES: Final = 131_072
"""All patterns of a schema, compiled: matching takes time in proportion to it."""

type Check = Callable[[Mapping[str, Json]], Mismatch | None]


def input_checker(schema: Mapping[str, Any]) -> Check:
    """Return a function that returns the mismatch of an input, or None.

    Raises UnusableSchema if the schema has a problem: an earlier release may have stored it.
    """
    return _compiled(json.dumps(schema, sort_keys=True))


def schema_problems(schema: Mapping[str, Any]) -> list[SchemaProblem]:
    """Return why inputs cannot be validated against a schema; empty if they can."""
    try:
        text = json.dumps(schema, sort_keys=True)
    except (TypeError, ValueError, RecursionError):
        return [SchemaProblem("", "is not JSON, or nests too deeply")]
    return list(_problems(text))


@lru_cache(maxsize=256)
def _problems(text: str) -> tuple[SchemaProblem, ...]:
    schema = json.loads(text)
    problems = input_schema.problems(schema)
    if problems:
        return tuple(problems)
    patterns = list(input_schema.patterns(schema))
    wrong = [
        SchemaProblem(pointer, "is not a regular expression of a supported syntax and size")
        for pointer, pattern in patterns
        if not _compiles({"pattern": pattern})
    ]
    together = "|".join(f"(?:{pattern})" for _, pattern in patterns)
    if not wrong and not _compiles({"pattern": together}):
        wrong = [SchemaProblem("", "has patterns that are too large together")]
    return tuple(wrong[: input_schema.SHOWN]) or _problems_of_evaluation(schema)


def _problems_of_evaluation(schema: Mapping[str, Any]) -> tuple[SchemaProblem, ...]:
    whole = evaluated(schema)
    if not _compiles(whole):
        return (SchemaProblem("", "is not JSON Schema of draft 2020-12"),)
    if deepest_input(whole) < LEAST_LEVELS:
        message = f"may apply more than {MAX_EVALUATIONS} subschemas to one value"
        return (SchemaProblem("", message),)
    return ()


def _compiles(schema: Mapping[str, Any]) -> bool:
    try:
        _validator(schema)
    except ValueError:
        return False
    return True


def _validator(schema: Mapping[str, Any]) -> Draft202012Validator:
    import jsonschema_rs  # noqa: PLC0415 - few calls need it, and it would slow every cold start

    return jsonschema_rs.Draft202012Validator(
        dict(schema),
        offline=True,
        validate_formats=True,
        formats={"uri": _is_uri},
        pattern_options=jsonschema_rs.RegexOptions(size_limit=PATTERN_BYTES),
    )


def _is_uri(text: str) -> bool:
    """Whether it begins with a scheme: pydantic accepts addresses that RFC 3986 does not."""
    scheme, colon, rest = text.partition(":")
    return bool(colon and rest and scheme.isascii() and scheme.replace("+", "").isalnum())


@lru_cache(maxsize=64)
def _compiled(text: str) -> Check:
    problems = _problems(text)
    if problems:
        raise UnusableSchema(problems)
    whole = evaluated(json.loads(text))
    validator, levels = _validator(whole), deepest_input(whole)

    def check(value: Mapping[str, Json]) -> Mismatch | None:
        if levels < DEEPEST_INPUT and is_deeper(value, levels):
            return Mismatch((), f"may nest {levels} levels deep by this recursive schema")
        return None if validator.is_valid(value) else explain(whole, value, _fits)

    return check


@lru_cache(maxsize=256)
def _single(keyword: str, operand: str) -> Draft202012Validator:
    return _validator({keyword: json.loads(operand)})


def _fits(keyword: str, operand: Any, value: Any) -> bool:
    """Whether a value fits one keyword."""
    return _single(keyword, json.dumps(operand)).is_valid(value)


def line_checker(
    schema: Mapping[str, Any], params: Mapping[str, Json]
) -> Callable[[bytes], str | None]:
    """Return a function that returns the problem of a line of JSON Lines, or None."""
    from pydantic_core import from_json  # noqa: PLC0415 - see above

    check = input_checker(schema)

    def check_line(line: bytes) -> str | None:
        try:
            from_json(line, allow_inf_nan=False)  # also rejects lone surrogates and deep nesting
            value = json.loads(line, parse_float=_finite)
        except ValueError as error:
            return f"not JSON: {error}"
        if not isinstance(value, dict):
            return "not a JSON object"
        mismatch = check({**params, **value})
        return None if mismatch is None else str(mismatch)

    return check_line


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number is too large")
    return number
