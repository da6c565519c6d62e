"""Parses bodies: a JSON object in UTF-8, of bounded size and depth, without duplicate fields."""

import json
import math
import re
from collections.abc import Sequence
from typing import Any, Final

from pydantic_core import from_json

from handlers.problems import BodyTooLarge, MalformedBody

MAX_BODY_BYTES: Final = 1_200_000
_NUL: Final = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


def read_object(text: str, *, most: int = MAX_BODY_BYTES) -> dict[str, Any]:
    """Return the JSON object in a body; raise MalformedBody, or BodyTooLarge above `most` bytes.

    The first parser rejects input that the second would accept or fail on: lone surrogates, NaN,
    deep nesting. The second parser sees each name, so that it can reject duplicates.
    """
    if len(text) > most or len(text.encode(errors="surrogatepass")) > most:
        raise BodyTooLarge(f"the body exceeds {most} bytes")
    if _NUL.search(text):
        raise MalformedBody("the body contains a NUL character")
    try:
        from_json(text, allow_inf_nan=False)
        value = json.loads(
            text, object_pairs_hook=_reject_duplicates, parse_int=_whole, parse_float=_finite
        )
    except (ValueError, TypeError, OverflowError) as error:
        raise MalformedBody("the body is not valid JSON or has a duplicate field") from error
    if not isinstance(value, dict):
        raise MalformedBody("the body is not a JSON object")
    return value


def _reject_duplicates(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise ValueError("duplicate field")
    return fields


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number is too large")
    return number


def _whole(text: str) -> int:
    """Return an integer; raise OverflowError if it exceeds a double, as JSON Schema checks use."""
    number = int(text)
    float(number)
    return number
