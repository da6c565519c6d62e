"""A part in the bucket, to which workers upload: the JSON list of its outcomes.

Only this form is read: a compressed part from a worker could decompress to more than the memory of
a function.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime

from pydantic import TypeAdapter, ValidationError

from shoal.domain.outcome import Outcome, TaskError
from shoal.wire.worker import TaskFailure, TaskOutcome

_OUTCOMES = TypeAdapter(list[TaskOutcome])


def decode_part(body: bytes) -> tuple[Outcome, ...]:
    """Return the outcomes; empty if the body is not a valid list, because uploads are unchecked."""
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
