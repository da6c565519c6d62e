"""Inputs against the JSON Schema of their task type."""

import json
import math
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final, NoReturn

from shoal.domain.grid import Json

MAX_SCHEMA_BYTES: Final = 65_536
"""A schema travels whole with every list of task types."""
_FETCHED: Final = ("http", "https", "ftp", "file", "data")

type Check = Callable[[Mapping[str, Json]], str | None]


def checker(schema: Mapping[str, Any]) -> Check:
    """A function that says what is wrong with an input, or None."""
    return _compiled(json.dumps(schema, sort_keys=True))


def schema_problem(schema: Mapping[str, Any]) -> str | None:
    """Why inputs cannot be checked by a schema, or None."""
    try:
        text = json.dumps(schema, allow_nan=False)
    except ValueError:
        return "has a number that is not JSON"
    if len(text) > MAX_SCHEMA_BYTES:
        return f"has {len(text)} bytes; at most {MAX_SCHEMA_BYTES} fit"
    try:
        checker(schema)
    except Exception as error:  # noqa: BLE001 - a wrong schema trips the compiler in many ways
        return f"is not JSON Schema of draft 4, 6 or 7 ({type(error).__name__}: {error})"
    return None


@lru_cache(maxsize=64)
def _compiled(schema: str) -> Check:
    import fastjsonschema  # noqa: PLC0415 - few calls need it, and it costs the start of all

    parsed = json.loads(schema)
    validate = fastjsonschema.compile(
        parsed,
        handlers=dict.fromkeys(_FETCHED, _fetch_nothing),
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
    """The message with the names of missing fields, which only detailed exceptions would have.

    Those carry the input and the schema, with all references in it resolved.
    """
    if not message.endswith(" must contain "):
        return message
    own = schema.get("required", []) if message.startswith("data must") else []
    return message + (", ".join(sorted(set(own) - value.keys())) or "all required fields")


def _fetch_nothing(uri: str) -> NoReturn:
    """A schema must not make us call addresses that its author chose."""
    raise ValueError(f"$ref {uri} leads out of the schema")


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
