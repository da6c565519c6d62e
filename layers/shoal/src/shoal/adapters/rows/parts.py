"""A part: the outcomes of one report, as columns of JSON, compressed.

Repeated values of a column are written once. Times have microseconds; a start is the gap after the
end of the previous task, which is small because the tasks of a chunk run in order.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any, Final

from shoal.adapters.rows.decompression import decompressed
from shoal.domain.outcome import Outcome, TaskError
from shoal.domain.sizing import MAX_CHUNK

_MICRO: Final = 1_000_000
_MOST_BYTES: Final = 16_000_000
"""Bytes of a decompressed part; its row has at most 8 KB."""


def pack_part(outcomes: Sequence[Outcome]) -> bytes:
    """Return the outcomes, compressed."""
    starts = [round(outcome.started_at * _MICRO) for outcome in outcomes]
    lengths = [round(outcome.duration * _MICRO) for outcome in outcomes]
    ends = [0, *(start + length for start, length in zip(starts, lengths, strict=True))]
    results, which_result = _distinct(outcome.result for outcome in outcomes)
    errors, which_error = _distinct(_listed(outcome.error) for outcome in outcomes)
    columns = {
        "index": _steps(outcome.index for outcome in outcomes),
        "attempt": _repeats(outcome.attempt for outcome in outcomes),
        "gap": [start - end for start, end in zip(starts, ends, strict=False)],
        "length": lengths,
        "results": results,
        "result": _repeats(which_result),
        "errors": errors,
        "error": _repeats(which_error),
    }
    return zlib.compress(json.dumps(columns, separators=(",", ":")).encode(), 9)


def unpack_part(body: bytes) -> tuple[Outcome, ...]:
    """Return the outcomes of a packed part."""
    columns = json.loads(decompressed(body, most=_MOST_BYTES))
    outcomes, end = [], 0
    for index, attempt, gap, length, result, error in zip(
        _unstepped(columns["index"]),
        _unrepeated(columns["attempt"]),
        columns["gap"],
        columns["length"],
        _unrepeated(columns["result"]),
        _unrepeated(columns["error"]),
        strict=True,
    ):
        start = end + gap
        end = start + length
        outcomes.append(
            Outcome(
                index,
                attempt,
                started_at=start / _MICRO,
                duration=length / _MICRO,
                result=columns["results"][result],
                error=_error(columns["errors"][error]),
            )
        )
    return tuple(outcomes)


def _listed(error: TaskError | None) -> list[Any] | None:
    """Return an error as a list, without `retry_after`, which is in the chunk's row."""
    return None if error is None else [error.type, error.message, error.retryable, error.tail]


def _error(listed: list[Any] | None) -> TaskError | None:
    return None if listed is None else TaskError(*listed[:4])


def _distinct(values: Iterable[Any]) -> tuple[list[Any], list[int]]:
    """Return the distinct values, and for each value its index among them."""
    places: dict[str, int] = {}
    distinct: list[Any] = []
    which: list[int] = []
    for value in values:
        written = "null" if value is None else json.dumps(value)
        place = places.setdefault(written, len(places))
        if place == len(distinct):
            distinct.append(value)
        which.append(place)
    return distinct, which


def _repeats(values: Iterable[int]) -> list[int]:
    """Return run lengths: 1, 1, 1, 2 → 1, 3, 2, 1."""
    return [each for value, run in groupby(values) for each in (value, len(list(run)))]


def _unrepeated(repeats: Sequence[int]) -> list[int]:
    pairs = list(zip(repeats[::2], repeats[1::2], strict=True))
    _check_lengths(length for _, length in pairs)
    return [value for value, length in pairs for _ in range(length)]


def _steps(values: Iterable[int]) -> list[int]:
    """Return runs of consecutive numbers as start and length: 4, 5, 6, 9 → 4, 3, 9, 1."""
    steps: list[int] = []
    for value in values:
        if steps and value == steps[-2] + steps[-1]:
            steps[-1] += 1
        else:
            steps += (value, 1)
    return steps


def _unstepped(steps: Sequence[int]) -> list[int]:
    pairs = list(zip(steps[::2], steps[1::2], strict=True))
    _check_lengths(length for _, length in pairs)
    return [value for first, length in pairs for value in range(first, first + length)]


def _check_lengths(lengths: Iterable[int]) -> None:
    """Raise ValueError if runs hold more outcomes than a chunk has tasks."""
    if sum(lengths) > MAX_CHUNK:
        raise ValueError(f"a part has more than {MAX_CHUNK} outcomes")
