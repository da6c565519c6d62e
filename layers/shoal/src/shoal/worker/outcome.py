"""One attempt's end as the JSON text that a report carries."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime
from typing import Any, Final

from pydantic import BaseModel
from pydantic_core import from_json

from shoal.wire.worker import MAX_MESSAGE, MAX_TAIL

MAX_RESULT: Final = 1024 * 1024
"""Bytes of one result."""

_MANY_BRACKETS: Final = 100


class NotJSON(ValueError):  # noqa: N818 - the name is the error type that users see
    """What a task returned has no JSON form."""


class ResultTooLarge(ValueError):  # noqa: N818
    """What a task returned exceeds a mebibyte."""


def _plain(value: object) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    raise TypeError(f"{type(value).__name__} is not JSON")


_ENCODE: Final = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_plain
).encode


def result_text(result: object) -> bytes:
    """A result as JSON that every reader accepts; raise NotJSON or ResultTooLarge."""
    if result is None:
        return b"null"
    try:
        text = _ENCODE(result).encode()
        if text.count(b"[") + text.count(b"{") > _MANY_BRACKETS:
            from_json(text)  # refuses what is nested too deeply for the API
    except (TypeError, ValueError, RecursionError) as error:
        raise NotJSON(_clean(str(error), MAX_MESSAGE)) from None
    if len(text) > MAX_RESULT:
        raise ResultTooLarge(f"the result has {len(text)} bytes, at most {MAX_RESULT} are kept")
    return text


class Stamps:
    """RFC 3339 texts of times in a row; the part up to the second is made once a second."""

    def __init__(self) -> None:
        self._second = -1
        self._text = ""

    def text(self, time: float) -> str:
        """The time in UTC, to the millisecond."""
        second = int(time)
        if second != self._second:
            self._second = second
            self._text = datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")
        return f"{self._text}.{int((time - second) * 1000):03d}Z"


def completed(index: int, attempt: int, started: str, duration: float, result: bytes) -> bytes:
    """The outcome of an attempt that returned; `result` is JSON already."""
    return (
        (
            f'{{"index":{index},"attempt":{attempt},"outcome":"completed",'
            f'"started_at":"{started}","duration":{duration:.6f},"result":'
        ).encode()
        + result
        + b"}"
    )


def failed(  # noqa: PLR0913 - what a failure is, named
    index: int,
    attempt: int,
    started: str,
    duration: float,
    *,
    kind: str,
    message: str,
    tail: bytes,
    retryable: bool,
) -> bytes:
    """The outcome of an attempt that failed."""
    return _ENCODE(
        {
            "index": index,
            "attempt": attempt,
            "outcome": "failed",
            "started_at": started,
            "duration": round(max(0.0, duration), 6),
            "error": {
                "type": _clean(kind, 200) or "Error",
                "message": _clean(message, MAX_MESSAGE),
                "tail": tail[-MAX_TAIL:].decode(errors="replace"),
                "retryable": retryable,
            },
        }
    ).encode()


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
