"""A canary: a few of the failed tasks are retried first, and decide on the rest."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from math import ceil
from typing import Final

from shoal.domain.selection import Selection

_ROUNDING: Final = 1e-9


class CanaryVerdict(StrEnum):
    """What a canary said."""

    PASSED = "passed"
    FAILED = "failed"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Canary:
    """A retry in two steps: `tried` of the tasks that `chosen` takes, in `generation`.

    The rest, if there are `more`, follows if at least the share `bar` of them succeeds. `completed`
    is how many tasks of the job had completed before. The verdict is STOPPED where that generation
    was ended early: cancelled, or out of time.
    """

    share: float
    bar: float
    chosen: Selection
    tried: int
    more: bool
    completed: int
    generation: int
    succeeded: int | None = None
    verdict: CanaryVerdict | None = None
    judged_at: float | None = None

    def judged(self, completed: int, now: float, *, stopped: bool) -> Canary:
        """With the verdict, now that so many tasks of the job have completed."""
        succeeded = completed - self.completed
        passed = succeeded >= self.bar * self.tried - _ROUNDING
        verdict = CanaryVerdict.PASSED if passed else CanaryVerdict.FAILED
        return replace(
            self,
            succeeded=succeeded,
            verdict=CanaryVerdict.STOPPED if stopped else verdict,
            judged_at=now,
        )

    @property
    def asked(self) -> tuple[Selection, float, float]:
        """What a request must say to be the same one again."""
        return self.chosen, self.share, self.bar

    @property
    def summary(self) -> str:
        """The verdict in words."""
        found = f"{self.succeeded} of {self.tried} tasks succeeded, and the bar is {self.bar:.4g}"
        return f"the canary {self.verdict}: {found}"


def sample_size(share: float, of: int) -> int:
    """How many tasks a canary tries: the share, and at least one."""
    return min(of, max(1, ceil(share * of - _ROUNDING)))


def spread(indices: list[int], size: int) -> list[int]:
    """So many of the indices, evenly spread."""
    return [indices[place * len(indices) // size] for place in range(size)]
