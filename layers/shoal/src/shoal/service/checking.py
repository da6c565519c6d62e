"""Validates inputs against the JSON Schema of their task type."""

import json
import math
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final, NoReturn

from shoal.domain.grid import Json

MAX_SCHEMA_BYTES: Final = 65_536
"""Each list of task types contains the whole schema."""
_FETCHED: Final = ("http", "https", "ftp", "file", "data")

type Check = Callable[[Mapping[str, Json]], str | None]


def checker(schema: Mapping[str, Any]) -> Check:
    """Return a function that returns the problem of an input, or None."""
    return _compiled(json.dumps(schema, sort_keys=True))


def schema_problem(schema: Mapping[str, Any]) -> str | None:
    """Return why inputs cannot be validated against a schema, or None."""
    try:
        text = json.dumps(schema, allow_nan=False)
    except ValueError:
        return "contains NaN or Infinity, which are not JSON"
    if len(text) > MAX_SCHEMA_BYTES:
        return f"has {len(text)} bytes; the maximum is {MAX_SCHEMA_BYTES}"
    try:
        checker(schema)
    except Exception as error:  # noqa: BLE001 - the compiler raises many kinds of errors
        return f"is not a JSON Schema of draft 4, 6 or 7 ({type(error).__name__}: {error})"
    return None


@lru_cache(maxsize=64)
def _compiled(schema: str) -> Check:
    import fastjsonschema  # noqa: PLC0415 - few calls need it; it slows every cold start

    parsed = json.loads(schema)
    validate = fastjsonschema.compile(
        parsed,
        handlers=dict.fromkeys(_FETCHED, _reject_remote),
        detailed_exceptions=False,
    )

    def check(value: Mapping[str, Json]) -> str | None:
        try:
            validate(value)
        except fastjsonschema.JsonSchemaValueException as error:
            return _whole(str(error.message), parsed, value)
        return None

    return check


def _whole(message: str, schema: Mapping[str, Any], value: Mapping[str, Json]) -> str:
    """Return the message with the names of the missing fields.

    fastjsonschema includes the names only in detailed exceptions. Those also hold the input and the
    schema with all references resolved.
    """
    if not message.endswith(" must contain "):
        return message
    own = schema.get("required", []) if message.startswith("data must") else []
    return message + (", ".join(sorted(set(own) - value.keys())) or "all required fields")


def _reject_remote(uri: str) -> NoReturn:
    """Raise ValueError: a schema must not make the API call an address of its author's choice."""
    raise ValueError(f"$ref {uri} refers to a place outside the schema")


def line_checker(
    schema: Mapping[str, Any], params: Mapping[str, Json]
) -> Callable[[bytes], str | None]:
    """Return a function that returns the problem of a line of JSON Lines, or None."""
    from pydantic_core import from_json  # noqa: PLC0415 - see above

    check = checker(schema)

    def check_line(line: bytes) -> str | None:
        try:
            from_json(line, allow_inf_nan=False)  # also rejects lone surrogates and deep nesting
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
