"""Which of a job's failed tasks are meant: to be run again, or to be left for good."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from shoal.domain.chunk import runs_of

MOST_INDICES: Final = 10_000
MOST_DISCARDS: Final = 100
_TOLD: Final = 200
"""Characters of its indices that the audit trail keeps."""

type Runs = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Selection:
    """The failed tasks of a cause, by its fingerprint, or those in half-open runs of indices.

    With neither all of them; a generation of such a selection runs what is not discarded. Those
    that `skip` has are not meant in any case.
    """

    cause: str | None = None
    runs: Runs | None = None
    skip: Runs = ()

    @staticmethod
    def of_indices(indices: Iterable[int]) -> Selection:
        """These tasks, in whatever order and however often they are named."""
        return Selection(runs=runs_of(set(indices)))

    @property
    def whole(self) -> bool:
        """Whether it names none, so that all are meant."""
        return self.cause is None and self.runs is None

    @property
    def size(self) -> int | None:
        """How many tasks it names; None if a cause does."""
        return None if self.runs is None else sum(end - first for first, end in self.runs)

    def names(self, index: int) -> bool:
        """Whether its runs have this index, as they have all if there are none, and `skip` not."""
        if _have(self.skip, index):
            return False
        return self.runs is None or _have(self.runs, index)

    def takes(self, index: int, cause: str) -> bool:
        """Whether the failed task of this index and cause is meant."""
        return self.names(index) and self.cause in {None, cause}

    def audit_detail(self) -> dict[str, str]:
        """As the audit trail has it."""
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
    """Failed tasks that somebody judged not to be worth another try; `at` in seconds."""

    selection: Selection
    reason: str
    who: str
    at: float
