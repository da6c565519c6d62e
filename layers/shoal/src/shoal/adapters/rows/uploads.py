"""A part in the bucket, to which workers upload: the JSON list of its outcomes.

Only this form is read: a compressed part from a worker could decompress to more than the memory of
a function.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Final

from pydantic import Field, TypeAdapter, ValidationError

from shoal.domain.outcome import Outcome, TaskError
from shoal.domain.sizing import MAX_CHUNK
from shoal.wire.worker import MAX_PART_BYTES, TaskFailure, TaskOutcome

MOST_VALUES: Final = 1_000_000
"""Values in the JSON of a part; more would not fit into the memory of a function."""
_OUTCOMES: TypeAdapter[list[TaskOutcome]] = TypeAdapter(
    Annotated[list[TaskOutcome], Field(max_length=MAX_CHUNK)]
)
_TEXT: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)


def decode_part(body: bytes) -> tuple[Outcome, ...]:
    """Return the outcomes; empty if the body is not a valid list, because uploads are unchecked.

    A body that would need much more memory than its length is not parsed.
    """
    if len(body) > MAX_PART_BYTES or _values(body) > MOST_VALUES:
        return ()
    try:
        outcomes = _OUTCOMES.validate_json(body)
    except ValidationError:
        return ()
    return tuple(
        Outcome(
            each.index,
            each.attempt,
            started_at=each.started_at.timestamp(),
            duration=each.duration,
            result=each.result,
            error=None if each.error is None else _error(each.error),
        )
        for each in outcomes
    )


def _values(body: bytes) -> int:
    """Return about the number of values: separators outside of texts, or texts if more."""
    found = _separators(body, 0, len(body))
    if found <= MOST_VALUES:
        return found
    for number, text in enumerate(_TEXT.finditer(body)):
        if number > MOST_VALUES:
            return number
        found -= _separators(body, *text.span())
    return found


def _separators(body: bytes, start: int, end: int) -> int:
    return sum(body.count(each, start, end) for each in (b",", b"[", b"{", b":"))


def encode_part(outcomes: Sequence[Outcome]) -> bytes:
    """Return the outcomes in the form that workers upload."""
    return json.dumps([_listed(outcome) for outcome in outcomes], separators=(",", ":")).encode()


def _listed(outcome: Outcome) -> dict[str, object]:
    return {
        "index": outcome.index,
        "attempt": outcome.attempt,
        "outcome": "completed" if outcome.error is None else "failed",
        "started_at": datetime.fromtimestamp(outcome.started_at, UTC).isoformat(),
        "duration": outcome.duration,
        "result": outcome.result,
        "error": None if outcome.error is None else asdict(outcome.error),
    }


def _error(failure: TaskFailure) -> TaskError:
    return TaskError(failure.type, failure.message, retryable=failure.retryable, tail=failure.tail)
