"""Inputs against the JSON Schema of their task type."""

import json
import math
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from shoal.domain.grid import Json

type Check = Callable[[Mapping[str, Json]], str | None]


def checker(schema: Mapping[str, Any]) -> Check:
    """A function that says what is wrong with an input, or None."""
    return _compiled(json.dumps(schema, sort_keys=True))


@lru_cache(maxsize=64)
def _compiled(schema: str) -> Check:
    import fastjsonschema  # noqa: PLC0415 - workers' calls never need it, and it costs their start

    validate = fastjsonschema.compile(json.loads(schema), detailed_exceptions=False)

    def check(value: Mapping[str, Json]) -> str | None:
        try:
            validate(value)
        except fastjsonschema.JsonSchemaValueException as error:
            return str(error.message)
        return None

    return check


def line_checker(
    schema: Mapping[str, Any], params: Mapping[str, Json]
) -> Callable[[bytes], str | None]:
    """A function that says what is wrong with a line of JSON Lines, or None."""
    from pydantic_core import from_json  # noqa: PLC0415 - as above

    check = checker(schema)

    def check_line(line: bytes) -> str | None:
        try:
            from_json(line, allow_inf_nan=False)  # nor lone surrogates, nor deep nesting
            value = json.loads(line, parse_float=_finite)
        except ValueError as error:
            return f"not JSON: {error}"
        if not isinstance(value, dict):
            return "not a JSON object"
        return check({**params, **value})

    return check_line


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number is too large")
    return number
