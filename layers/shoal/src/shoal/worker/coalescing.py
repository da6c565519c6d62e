"""Small segments of one job that a child runs one after another, given to it and heard of at once.

To wake a child costs more than a task that does nothing. What is expected to be over in a moment
is therefore joined; should it take longer, what waits behind the task in hand is taken back.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import Final

from shoal.wire.outcome_scan import durations
from shoal.worker.segment import Segment

COALESCED_SECONDS: Final = 0.005
"""Seconds that joined tasks may be expected to take in all: as long as a report waits for others
to travel with."""
SPLIT_SECONDS: Final = 0.05
"""Seconds after which joined tasks part."""
_MAX_TASKS: Final = 100
"""Tasks that are joined at most."""
_DECAY: Final = 0.7


class TaskPace:
    """How long tasks take of late, by type: rises with one that takes long, falls slowly."""

    def __init__(self) -> None:
        self._seconds: dict[str, float] = {}

    def note(self, task_type: str, outcomes: Sequence[bytes]) -> None:
        """Learn of tasks that ended."""
        seconds, _ = durations(outcomes)
        mean = sum(seconds) / len(seconds)
        kept = self._seconds.get(task_type, mean)
        self._seconds[task_type] = max(mean, _DECAY * kept + (1 - _DECAY) * mean)

    def max_tasks(self, task_type: str) -> int:
        """How many tasks are expected to be over in a moment; none if nothing is known."""
        seconds = self._seconds.get(task_type)
        if seconds is None:
            return 0
        return int(COALESCED_SECONDS / max(seconds, COALESCED_SECONDS / _MAX_TASKS))


class _CoalescedOwner:
    """Owns the joined segment; tells the owners of its parts, in their order."""

    def __init__(self, parts: Iterable[Segment], run: Callable[[Segment], None]) -> None:
        self._parts = deque(parts)
        self._run = run

    def outcomes(self, outcomes: list[bytes]) -> None:
        """Tasks ended, in their order; a part whose tasks have all ended is over."""
        while outcomes:
            part = self._parts[0]
            left = len(part.assignment.tasks) - part.ended
            own, outcomes = outcomes[:left], outcomes[left:]
            part.record(own)
            part.owner.outcomes(own)
            if len(own) == left:
                self._parts.popleft()
                part.coalesced_into = None
                part.owner.ended()

    def ended(self) -> None:
        """What has not run, runs on its own."""
        while self._parts:
            self._split_last()

    def split(self) -> None:
        """Only the first goes on here; it has the task in hand."""
        while len(self._parts) > 1:
            self._split_last()

    def _split_last(self) -> None:
        part = self._parts.pop()
        part.coalesced_into = None
        self._run(part)


def coalesced(
    segments: Sequence[Segment], pace: TaskPace, run: Callable[[Segment], None]
) -> Iterator[Segment]:
    """The segments, those joined that are expected to be brief; `run` runs one that parts."""
    for (can_coalesce, task_type, *_), alike in groupby(segments, key=_coalescing_key):
        yield from _coalesced([*alike], pace.max_tasks(task_type) if can_coalesce else 0, run)


def _coalesced(
    alike: list[Segment], max_tasks: int, run: Callable[[Segment], None]
) -> Iterator[Segment]:
    while alike:
        run_length, room = 1, max_tasks - len(alike[0].assignment.tasks)
        while run_length < len(alike) and room >= len(alike[run_length].assignment.tasks):
            room -= len(alike[run_length].assignment.tasks)
            run_length += 1
        yield alike[0] if run_length == 1 else _coalesce(alike[:run_length], run)
        del alike[:run_length]


def _coalescing_key(segment: Segment) -> tuple[bool, str, str, int, float]:
    """What segments have in common that can be joined: all that is told to their tasks or logs."""
    of = segment.assignment
    can_coalesce = segment.can_coalesce and not segment.stopping
    return can_coalesce, of.task_type, of.job_id, of.epoch, of.timeout


def _coalesce(parts: Sequence[Segment], run: Callable[[Segment], None]) -> Segment:
    owner = _CoalescedOwner(parts, run)
    tasks = [task for part in parts for task in part.assignment.tasks]
    whole = Segment(owner, parts[0].assignment._replace(tasks=tasks))
    whole.split = owner.split
    for part in parts:
        part.coalesced_into = whole
    return whole
