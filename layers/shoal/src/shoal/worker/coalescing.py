"""Coalesces short segments of a job into one assignment for a child.

Waking a child costs more than running a task that does nothing, so segments that should end within
milliseconds share one message to a child and one back. If a task then takes longer, the segments
behind it are split off and run elsewhere.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import Final

from shoal.wire.outcome_scan import durations
from shoal.worker.segment import Segment

COALESCED_SECONDS: Final = 0.005
"""Maximum expected duration of coalesced tasks in total. A report also waits this long for other
reports, to share a call with them."""
SPLIT_SECONDS: Final = 0.05
"""Seconds after which a coalesced segment is split."""
_MAX_TASKS: Final = 100
"""Maximum number of coalesced tasks."""
_DECAY: Final = 0.7


class TaskPace:
    """Recent duration of tasks by type. It rises with the first slow task and falls slowly."""

    def __init__(self) -> None:
        self._seconds: dict[str, float] = {}

    def note(self, task_type: str, outcomes: Sequence[bytes]) -> None:
        """Records the durations of tasks that ended."""
        seconds, _ = durations(outcomes)
        mean = sum(seconds) / len(seconds)
        previous = self._seconds.get(task_type, mean)
        self._seconds[task_type] = max(mean, _DECAY * previous + (1 - _DECAY) * mean)

    def max_tasks(self, task_type: str) -> int:
        """Returns how many tasks should end within `COALESCED_SECONDS`; 0 for unknown types."""
        seconds = self._seconds.get(task_type)
        if seconds is None:
            return 0
        return int(COALESCED_SECONDS / max(seconds, COALESCED_SECONDS / _MAX_TASKS))


class _CoalescedOwner:
    """Owner of a coalesced segment. Forwards outcomes to the owners of the parts, in order."""

    def __init__(self, parts: Iterable[Segment], run: Callable[[Segment], None]) -> None:
        self._parts = deque(parts)
        self._run = run

    def outcomes(self, outcomes: list[bytes]) -> None:
        """Forwards the outcomes. A part ends with the last of its tasks."""
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
        """Runs the remaining parts separately."""
        while self._parts:
            self._split_last()

    def split(self) -> None:
        """Runs all parts separately except the first, which contains the current task."""
        while len(self._parts) > 1:
            self._split_last()

    def _split_last(self) -> None:
        part = self._parts.pop()
        part.coalesced_into = None
        self._run(part)


def coalesced(
    segments: Sequence[Segment], pace: TaskPace, run: Callable[[Segment], None]
) -> Iterator[Segment]:
    """Yields the segments, with short ones coalesced. Calls `run` for a part that is split off."""
    for (can_coalesce, task_type, *_), similar in groupby(segments, key=_coalescing_key):
        yield from _coalesced([*similar], pace.max_tasks(task_type) if can_coalesce else 0, run)


def _coalesced(
    similar: list[Segment], max_tasks: int, run: Callable[[Segment], None]
) -> Iterator[Segment]:
    while similar:
        count, capacity = 1, max_tasks - len(similar[0].assignment.tasks)
        while count < len(similar) and capacity >= len(similar[count].assignment.tasks):
            capacity -= len(similar[count].assignment.tasks)
            count += 1
        yield similar[0] if count == 1 else _coalesce(similar[:count], run)
        del similar[:count]


def _coalescing_key(segment: Segment) -> tuple[bool, str, str, int, float]:
    """Returns the properties that coalesced segments share: all that tasks and logs can see."""
    shared = segment.assignment
    can_coalesce = segment.can_coalesce and not segment.stopping
    return can_coalesce, shared.task_type, shared.job_id, shared.epoch, shared.timeout


def _coalesce(parts: Sequence[Segment], run: Callable[[Segment], None]) -> Segment:
    owner = _CoalescedOwner(parts, run)
    tasks = [task for part in parts for task in part.assignment.tasks]
    first = parts[0]
    whole = Segment(owner, first.assignment._replace(tasks=tasks), tenant=first.tenant)
    whole.split = owner.split
    for part in parts:
        part.coalesced_into = whole
    return whole
