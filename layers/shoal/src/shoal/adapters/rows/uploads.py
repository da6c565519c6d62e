"""A part as a worker uploads it when its outcomes are too large for a report: their JSON list."""

from __future__ import annotations

from pydantic import TypeAdapter, ValidationError

from shoal.domain.outcome import Outcome, TaskError
from shoal.wire.worker import TaskFailure, TaskOutcome

_OUTCOMES = TypeAdapter(list[TaskOutcome])


def uploaded_part(body: bytes) -> tuple[Outcome, ...]:
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


def _error(failure: TaskFailure) -> TaskError:
    return TaskError(failure.type, failure.message, retryable=failure.retryable, tail=failure.tail)
