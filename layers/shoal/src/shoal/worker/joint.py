"""Small segments of one job that a child runs one after another, given to it and heard of at once.

To wake a child costs more than a task that does nothing. What is expected to be over in a moment
is therefore joined; should it take longer, what waits behind the task in hand is taken back.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import Final

from shoal.wire.glance import durations
from shoal.worker.segment import Segment

MOMENT: Final = 0.005
"""Seconds that joined tasks may be expected to take in all: as long as a report waits for others
to travel with."""
LONG: Final = 0.05
"""Seconds after which joined tasks part."""
_MOST: Final = 100
"""Tasks that are joined at most."""
_KEPT: Final = 0.7


class Pace:
    """How long tasks take of late, by type: rises with one that takes long, falls slowly."""

    def __init__(self) -> None:
        self._seconds: dict[str, float] = {}

    def note(self, task_type: str, outcomes: Sequence[bytes]) -> None:
        """Learn of tasks that ended."""
        some, _ = durations(outcomes)
        mean = sum(some) / len(some)
        kept = self._seconds.get(task_type, mean)
        self._seconds[task_type] = max(mean, _KEPT * kept + (1 - _KEPT) * mean)

    def fit(self, task_type: str) -> int:
        """How many tasks are expected to be over in a moment; none if nothing is known."""
        seconds = self._seconds.get(task_type)
        return 0 if seconds is None else int(MOMENT / max(seconds, MOMENT / _MOST))


class _Joint:
    """Owns the joined segment; tells the owners of its parts, in their order."""

    def __init__(self, parts: Iterable[Segment], run: Callable[[Segment], None]) -> None:
        self._parts = deque(parts)
        self._run = run

    def outcomes(self, outcomes: list[bytes]) -> None:
        """Tasks ended, in their order; a part whose tasks have all ended is over."""
        while outcomes:
            part = self._parts[0]
            left = len(part.assignment.tasks) - part.ended
            some, outcomes = outcomes[:left], outcomes[left:]
            part.take(some)
            part.owner.outcomes(some)
            if len(some) == left:
                self._parts.popleft()
                part.joined = None
                part.owner.ended()

    def ended(self) -> None:
        """What has not run, runs on its own."""
        while self._parts:
            self._leave()

    def part(self) -> None:
        """Only the first goes on here; it has the task in hand."""
        while len(self._parts) > 1:
            self._leave()

    def _leave(self) -> None:
        part = self._parts.pop()
        part.joined = None
        self._run(part)


def joined(
    segments: Sequence[Segment], pace: Pace, run: Callable[[Segment], None]
) -> Iterator[Segment]:
    """The segments, those joined that are expected to be brief; `run` runs one that parts."""
    for (joins, task_type, *_), alike in groupby(segments, key=_likeness):
        yield from _joined([*alike], pace.fit(task_type) if joins else 0, run)


def _joined(alike: list[Segment], fit: int, run: Callable[[Segment], None]) -> Iterator[Segment]:
    while alike:
        some, room = 1, fit - len(alike[0].assignment.tasks)
        while some < len(alike) and room >= len(alike[some].assignment.tasks):
            room -= len(alike[some].assignment.tasks)
            some += 1
        yield alike[0] if some == 1 else _whole(alike[:some], run)
        del alike[:some]


def _likeness(segment: Segment) -> tuple[bool, str, str, int, float]:
    """What segments have in common that can be joined: all that is told to their tasks or logs."""
    of = segment.assignment
    joins = segment.joins and not segment.stopping
    return joins, of.task_type, of.job_id, of.epoch, of.timeout


def _whole(parts: Sequence[Segment], run: Callable[[Segment], None]) -> Segment:
    joint = _Joint(parts, run)
    tasks = [task for part in parts for task in part.assignment.tasks]
    whole = Segment(joint, parts[0].assignment._replace(tasks=tasks))
    whole.part = joint.part
    for part in parts:
        part.joined = whole
    return whole
