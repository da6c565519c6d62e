"""Selections of failed tasks, for retries and discards."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from shoal.domain.chunk import runs_of

MOST_INDICES: Final = 10_000
MOST_DISCARDS: Final = 100
_TOLD: Final = 200
"""Characters of the indices in the audit trail."""

type Runs = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Selection:
    """The failed tasks of a cause (a fingerprint), or those in half-open ranges of indices.

    With neither, all failed tasks that are not discarded. Tasks in `skip` are never selected.
    """

    cause: str | None = None
    runs: Runs | None = None
    skip: Runs = ()

    @staticmethod
    def of_indices(indices: Iterable[int]) -> Selection:
        """Return the selection of these tasks, in any order and with duplicates."""
        return Selection(runs=runs_of(set(indices)))

    @property
    def whole(self) -> bool:
        """Whether it selects all failed tasks."""
        return self.cause is None and self.runs is None

    @property
    def size(self) -> int | None:
        """The number of selected indices; None for a cause."""
        return None if self.runs is None else sum(end - first for first, end in self.runs)

    def names(self, index: int) -> bool:
        """Return whether the index is in its runs (or there are none) and not in `skip`."""
        if _have(self.skip, index):
            return False
        return self.runs is None or _have(self.runs, index)

    def takes(self, index: int, cause: str) -> bool:
        """Return whether the failed task with this index and cause is selected."""
        return self.names(index) and self.cause in {None, cause}

    def audit_detail(self) -> dict[str, str]:
        """The selection as text for the audit trail."""
        if self.runs is None:
            return {} if self.cause is None else {"cause": self.cause}
        shown = ",".join(
            str(first) if end == first + 1 else f"{first}-{end - 1}" for first, end in self.runs
        )
        return {"indices": shown if len(shown) <= _TOLD else f"{shown[:_TOLD]}…"}


def _have(runs: Runs, index: int) -> bool:
    place = bisect_right(runs, (index, float("inf"))) - 1
    return place >= 0 and index < runs[place][1]


@dataclass(frozen=True, slots=True)
class Discard:
    """Failed tasks that a user excluded from retries; `at` is in seconds since the epoch."""

    selection: Selection
    reason: str
    who: str
    at: float
