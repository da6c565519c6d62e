"""A canary: a sample of the failed tasks is retried first and decides about the others."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from math import ceil
from typing import Final

from shoal.domain.selection import Selection

_ROUNDING: Final = 1e-9


class CanaryVerdict(StrEnum):
    """The verdict of a canary."""

    PASSED = "passed"
    FAILED = "failed"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Canary:
    """A retry in two steps: first `tried` of the tasks in `chosen`, in `generation`.

    If there are `more` tasks, they run once at least the share `bar` of the sample completes.
    `completed` is the number of tasks of the job that had completed before. The verdict is STOPPED
    if that generation ended early, by a cancel or its deadline.
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
        """Return the canary with its verdict, given the number of completed tasks of the job."""
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
    def passed(self) -> bool:
        """Return whether enough tasks succeeded to retry the rest."""
        return self.verdict is CanaryVerdict.PASSED

    @property
    def asked(self) -> tuple[Selection, float, float]:
        """The fields by which a repeated request is recognized."""
        return self.chosen, self.share, self.bar

    @property
    def summary(self) -> str:
        """The verdict as a sentence."""
        found = f"{self.succeeded} of {self.tried} tasks succeeded, and the bar is {self.bar:.4g}"
        return f"the canary {self.verdict}: {found}"


def sample_size(share: float, of: int) -> int:
    """Return the size of the sample: the share of the tasks, at least one."""
    return min(of, max(1, ceil(share * of - _ROUNDING)))


def spread(indices: list[int], size: int) -> list[int]:
    """Return `size` of the indices, evenly spread."""
    return [indices[place * len(indices) // size] for place in range(size)]
