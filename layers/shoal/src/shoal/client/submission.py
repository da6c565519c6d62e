"""What a caller says of a job in Python, as the API takes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from shoal.domain.retry import RetryPolicy
from shoal.wire.retry import RetryBody


def submission(task_type: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The body of a submission; what is None is left to the API.

    A time may be a datetime with its zone, a duration a timedelta, `retry` a `shoal.Retry`, an axis
    of a grid any sequence or a range.
    """
    given = {name: value for name, value in fields.items() if value is not None}
    body: dict[str, Any] = {"task_type": task_type}
    for name, value in given.items():
        body[name] = _plain(value)
    if isinstance(given.get("grid"), Mapping):
        body["grid"] = {name: _axis(axis) for name, axis in given["grid"].items()}
    return body


def _plain(value: Any) -> Any:
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone")
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, RetryPolicy):
        return RetryBody.of(value).model_dump(mode="json")
    return value


def _axis(axis: Any) -> Any:
    if isinstance(axis, range):
        return {"range": [axis.start, axis.stop, axis.step]}
    if isinstance(axis, Sequence) and not isinstance(axis, str):
        return list(axis)
    return axis
