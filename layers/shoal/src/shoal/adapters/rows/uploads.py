"""A part in the bucket, where workers write too: the JSON list of its outcomes.

Nothing else is read there: the packed form of a row, from somebody's hand, could unpack to more
than any function holds.
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
    """The outcomes; none if the body is no list of them, for nobody checked it on its way."""
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
    """The outcomes as a worker would upload them."""
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
