"""Scans encoded outcomes without decoding them.

Workers write an outcome as `{"index":…,"attempt":…,"outcome":"…","started_at":"…","duration":…,`
followed by the task's result or error, so the first occurrence of each name is ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

_FAILED: Final = b'"outcome":"failed"'
_DURATION: Final = b'"duration":'
_HEAD: Final = 64
"""Bytes that contain the outcome for every possible index and attempt."""
_MOST_READ: Final = 12


def failures(outcomes: Sequence[bytes]) -> int:
    """Return the exact number of failed outcomes."""
    if _FAILED not in b"\n".join(outcomes):  # one search, the common case
        return 0
    return sum(_FAILED in outcome[:_HEAD] for outcome in outcomes)


def durations(outcomes: Sequence[bytes]) -> tuple[list[float], int]:
    """Return durations in seconds of a sample of the outcomes, and the sampling step.

    Reading all of a hundred would cost a worker 5 % of its time for no-op tasks. The tasks of a
    chunk have one type, and the more of them share a chunk, the shorter they are.
    """
    step = -(-len(outcomes) // _MOST_READ) or 1
    return [_duration(outcome) for outcome in outcomes[::step]], step


def _duration(outcome: bytes) -> float:
    begin = outcome.index(_DURATION) + len(_DURATION)
    return float(outcome[begin : outcome.index(b",", begin)])
