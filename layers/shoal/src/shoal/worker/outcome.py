"""One attempt's end as the JSON text that a report carries."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from json.encoder import (  # type: ignore[attr-defined]
    c_make_encoder,
    encode_basestring,
)
from pathlib import PurePath
from typing import Any, Final
from uuid import UUID

from pydantic import BaseModel
from pydantic_core import from_json, to_jsonable_python

from shoal.domain.retry import LONGEST_DELAY
from shoal.wire.worker import MAX_MESSAGE, MAX_TAIL

MAX_RESULT: Final = 1024 * 1024
"""Bytes of one result."""

_DEEP: Final = 100
_TEXTS: Final = (date, time, timedelta, Decimal, Enum, PurePath, UUID)
"""What stands for itself in a model, stands for itself outside of one too."""


class NotJSON(ValueError):  # noqa: N818 - the name is the error type that users see
    """What a task returned has no JSON form."""


class ResultTooLarge(ValueError):  # noqa: N818
    """What a task returned exceeds a mebibyte."""


def _plain(value: object) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if isinstance(value, _TEXTS):
        return to_jsonable_python(value)
    raise TypeError(f"{type(value).__name__} is not JSON")


def _encoder() -> Callable[[object], str]:
    """`json.dumps` that is made once: the standard one makes its C encoder anew at each call."""
    if c_make_encoder is None:
        return json.JSONEncoder(
            ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_plain
        ).encode
    encode = c_make_encoder(None, _plain, encode_basestring, None, ":", ",", False, False, False)  # noqa: FBT003 - its own order
    return lambda value: "".join(encode(value, 0))


_ENCODE: Final = _encoder()
_BEFORE_INDEX: Final = len(b'{"index":')
_COMPLETED: Final = (
    b'{"index":%d,"attempt":%d,"outcome":"completed","started_at":"%b","duration":%.6f,"result":%b}'
)


def result_text(result: object) -> bytes:
    """A result as JSON that every reader accepts; raise NotJSON or ResultTooLarge."""
    try:
        text = _ENCODE(result).encode()
        if len(text) > _DEEP and text.count(b"[") + text.count(b"{") > _DEEP:
            from_json(text)  # refuses what is nested too deeply for the API
    except (TypeError, ValueError, RecursionError) as error:
        raise NotJSON(_clean(str(error), MAX_MESSAGE)) from None
    if len(text) > MAX_RESULT:
        raise ResultTooLarge(f"the result has {len(text)} bytes, at most {MAX_RESULT} are kept")
    return text


class TimestampFormatter:
    """RFC 3339 texts of times in a row; all but the milliseconds is made once a second."""

    def __init__(self) -> None:
        self._second = -1
        self._text = b""

    def text(self, time: float) -> bytes:
        """The time in UTC, to the millisecond."""
        second, millisecond = divmod(int(time * 1000), 1000)
        if second != self._second:
            self._second = second
            moment = datetime.fromtimestamp(second, UTC)
            self._text = moment.strftime("%Y-%m-%dT%H:%M:%S").encode()
        return b"%b.%03dZ" % (self._text, millisecond)


def completed(index: int, attempt: int, started: bytes, duration: float, result: bytes) -> bytes:
    """The outcome of an attempt that returned; `started` is a stamp, `result` JSON already."""
    return _COMPLETED % (index, attempt, started, duration, result)


def failed(
    index: int,
    attempt: int,
    started: bytes,
    duration: float,
    *,
    kind: str,
    message: str,
    tail: bytes,
    retryable: bool,
    retry_after: float | None = None,
) -> bytes:
    """The outcome of an attempt that failed."""
    error: dict[str, Any] = {
        "type": _clean(kind, 200) or "Error",
        "message": _clean(message, MAX_MESSAGE),
        "tail": tail[-MAX_TAIL:].decode(errors="replace"),
        "retryable": retryable,
    }
    if retry_after is not None:
        error["retry_after"] = min(retry_after, LONGEST_DELAY)
    return _ENCODE(
        {
            "index": index,
            "attempt": attempt,
            "outcome": "failed",
            "started_at": started.decode(),
            "duration": round(max(0.0, duration), 6),
            "error": error,
        }
    ).encode()


def index_of(outcome: bytes) -> int:
    """Which task it is of; the index comes first."""
    return int(outcome[_BEFORE_INDEX : outcome.index(b",")])


def without_details(outcome: bytes) -> bytes:
    """The outcome without its result and its tail, when those travel in a part."""
    fields = json.loads(outcome)
    fields.pop("result", None)
    if "error" in fields:
        fields["error"]["tail"] = ""
    return _ENCODE(fields).encode()


def _clean(text: str, limit: int) -> str:
    """The text without lone surrogates, cut to the limit."""
    return text[:limit].encode(errors="replace").decode()
