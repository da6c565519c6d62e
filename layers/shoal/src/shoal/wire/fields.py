"""Types of single fields of requests and responses."""

import json
import re
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

from shoal.domain.sizing import MAX_CHUNKS

MAX_NAME: Final = 200
MAX_TAGS: Final = 50
MAX_PARAMS_BYTES: Final = 8_192
MAX_EXACT: Final = 2**53 - 1
"""The largest integer that every JSON parser reads exactly."""
YEARS: Final = range(1970, 3000)
_RFC3339: Final = re.compile(
    r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)
NO_CONTROLS: Final = r"^[^\x00-\x1f\x7f]*$"
_TURNS: Final = re.compile(r"[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Characters that change the writing direction; a name with them can look like another one."""


def _instant(value: Any) -> datetime:
    if isinstance(value, str) and _RFC3339.fullmatch(value):
        try:
            instant = datetime.fromisoformat(value)
        except ValueError:
            instant = datetime.min  # noqa: DTZ901 - a naive time is rejected below
        if instant.year in YEARS:
            return instant
    raise PydanticCustomError("rfc3339", "must be an RFC 3339 time with a time zone")


def straight(value: str) -> str:
    """Return the text; raise ValueError if it has direction-changing characters."""
    if _TURNS.search(value):
        raise PydanticCustomError(
            "bidi", "must not contain characters that change the writing direction"
        )
    return value


def size(value: object) -> int:
    """Return the size of the value as JSON, in bytes."""
    return len(json.dumps(value, separators=(",", ":")).encode())


type Instant = Annotated[
    datetime,
    BeforeValidator(_instant),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
type Time = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]
type Name = Annotated[
    str,
    StringConstraints(max_length=MAX_NAME, pattern=NO_CONTROLS),
    AfterValidator(straight),
]
type TagKey = Annotated[
    str,
    StringConstraints(min_length=1, max_length=128, pattern=NO_CONTROLS),
    AfterValidator(straight),
]
type TagValue = Annotated[
    str, StringConstraints(max_length=256, pattern=NO_CONTROLS), AfterValidator(straight)
]
type TagSought = Annotated[
    str, StringConstraints(min_length=1, max_length=128 + 1 + 256, pattern=NO_CONTROLS)
]
"""`key=value`, or a key alone."""
type FieldName = Annotated[str, StringConstraints(min_length=1, max_length=100)]
type Whole = Annotated[int, Field(ge=-MAX_EXACT, le=MAX_EXACT)]
type JsonObject = dict[str, Any]


def _small(value: JsonObject) -> JsonObject:
    if size(value) > MAX_PARAMS_BYTES:
        raise PydanticCustomError("too_large", f"must not exceed {MAX_PARAMS_BYTES} bytes")
    return value


Params = Annotated[JsonObject, AfterValidator(_small)]
Parallelism = Annotated[int, Field(ge=1, le=MAX_CHUNKS)]
Tags = Annotated[dict[TagKey, TagValue], Field(max_length=MAX_TAGS)]
PriorityName = Literal["high", "normal", "low"]
