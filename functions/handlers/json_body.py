"""Bodies as we take them: UTF-8, JSON, an object, of bounded size and depth, no field twice."""

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
    """The JSON object in a body of `most` bytes; raise MalformedBody or BodyTooLarge.

    The first parser refuses what the second would let in, or would die of: lone surrogates, NaN,
    deep nesting. The second sees each name, so it can refuse the second of two.
    """
    if len(text) > most or len(text.encode(errors="surrogatepass")) > most:
        raise BodyTooLarge(f"the body exceeds {most} bytes")
    if _NUL.search(text):
        raise MalformedBody("the body has a NUL character")
    try:
        from_json(text, allow_inf_nan=False)
        value = json.loads(text, object_pairs_hook=_once, parse_int=_whole, parse_float=_finite)
    except (ValueError, TypeError, OverflowError) as error:
        raise MalformedBody("the body is not valid JSON, or has a field twice") from error
    if not isinstance(value, dict):
        raise MalformedBody("the body is not a JSON object")
    return value


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise ValueError("a field stands twice")
    return fields


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number is too large")
    return number


def _whole(text: str) -> int:
    """Of a size that a JSON reader with doubles survives; JSON Schema's arithmetic is one."""
    number = int(text)
    float(number)
    return number
