"""Encodes the outcome of an attempt as the JSON text that a report contains."""

from __future__ import annotations

import dataclasses
import json
import re
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
"""Maximum size of a result in bytes."""

_DEEP: Final = 100
_TEXTS: Final = (date, time, timedelta, Decimal, Enum, PurePath, UUID)
"""Types that are encoded in the same way inside and outside of a pydantic model."""


class NotJSON(ValueError):  # noqa: N818 - the name is the error type that users see
    """The return value of a task cannot be encoded as JSON."""


class ResultTooLarge(ValueError):  # noqa: N818
    """The return value of a task exceeds 1 MiB."""


def _plain(value: object) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if isinstance(value, _TEXTS):
        return to_jsonable_python(value)
    raise TypeError(f"{type(value).__name__} is not JSON serializable")


def _encoder() -> Callable[[object], str]:
    """Returns a reusable encoder: `json.dumps` creates its C encoder again on each call."""
    if c_make_encoder is None:
        return json.JSONEncoder(
            ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_plain
        ).encode
    encode = c_make_encoder(None, _plain, encode_basestring, None, ":", ",", False, False, False)  # noqa: FBT003 - its signature
    return lambda value: "".join(encode(value, 0))


_ENCODE: Final = _encoder()
_HEAD: Final = re.compile(
    rb'\{"index":([0-9]{1,7}),"attempt":([0-9]{1,4}),"outcome":"(?:completed|failed)",'
    rb'"started_at":"[0-9TZ:.-]{1,40}","duration":[0-9.e-]{1,25},"'
)
_BEFORE_INDEX: Final = len(b'{"index":')
_COMPLETED: Final = (
    b'{"index":%d,"attempt":%d,"outcome":"completed","started_at":"%b","duration":%.6f,"result":%b}'
)


def result_text(result: object) -> bytes:
    """Returns a result as strict JSON. Raises NotJSON or ResultTooLarge."""
    try:
        text = _ENCODE(result).encode()
        if len(text) > _DEEP and text.count(b"[") + text.count(b"{") > _DEEP:
            from_json(text)  # rejects values that are nested too deeply for the API
    except (TypeError, ValueError, RecursionError) as error:
        raise NotJSON(_clean(str(error), MAX_MESSAGE)) from None
    if len(text) > MAX_RESULT:
        raise ResultTooLarge(f"the result has {len(text)} bytes; the maximum is {MAX_RESULT}")
    return text


class TimestampFormatter:
    """Formats times as RFC 3339. It reuses the text of the current second."""

    def __init__(self) -> None:
        self._second = -1
        self._text = b""

    def text(self, time: float) -> bytes:
        """Returns a Unix time in UTC, to the millisecond."""
        second, millisecond = divmod(int(time * 1000), 1000)
        if second != self._second:
            self._second = second
            moment = datetime.fromtimestamp(second, UTC)
            self._text = moment.strftime("%Y-%m-%dT%H:%M:%S").encode()
        return b"%b.%03dZ" % (self._text, millisecond)


def completed(index: int, attempt: int, started: bytes, duration: float, result: bytes) -> bytes:
    """Returns the outcome of a completed attempt. `started` and `result` are encoded already."""
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
    """Returns the outcome of a failed attempt."""
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


def timeout_message(seconds: float) -> str:
    """Returns the error message of a task that exceeded its timeout."""
    return f"exceeded the timeout of {seconds:g} s"


def task_of(outcome: bytes) -> tuple[int, int] | None:
    """Returns index and attempt of an encoded outcome; None if it is not exactly one outcome."""
    head = _HEAD.match(outcome)
    if head is None:
        return None
    try:
        from_json(outcome)
    except ValueError:
        return None
    return int(head[1]), int(head[2])


def index_of(outcome: bytes) -> int:
    """Returns the index of the task, the first field of the outcome."""
    return int(outcome[_BEFORE_INDEX : outcome.index(b",")])


def without_details(outcome: bytes) -> bytes:
    """Returns the outcome without result and tail, which are uploaded as a part."""
    fields = json.loads(outcome)
    fields.pop("result", None)
    if "error" in fields:
        fields["error"]["tail"] = ""
    return _ENCODE(fields).encode()


def _clean(text: str, limit: int) -> str:
    """Returns the text without lone surrogates, truncated to the limit."""
    return text[:limit].encode(errors="replace").decode()
