"""The one source of chance of a run: every decision is recorded and can be replayed.

A decision is a number of an option; option 0 is the ordinary one. Decisions are kept by the actor
that took them and by how many it had taken before, so that to take one back moves few others.
"""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Final, NamedTuple

LEVELS: Final = 256


class Place(NamedTuple):
    """The key of a decision: the actor and the number of its earlier decisions."""

    actor: str
    number: int


class Weights:
    """Options with their weights; the first is the ordinary one."""

    __slots__ = ("bounds", "count")

    def __init__(self, weights: Sequence[float]) -> None:
        total = sum(weights)
        self.bounds = [bound / total for bound in accumulate(weights)]
        self.count = len(weights)


class Decisions:
    """Draws decisions from a seed, or replays those of another run."""

    def __init__(self, seed: int = 0, replayed: Mapping[Place, int] | None = None) -> None:
        self._random = random.Random(seed)  # noqa: S311 - a run has to repeat
        self._replayed = replayed
        self._counts: dict[str, int] = {}
        self.taken: dict[Place, int] = {}
        """All decisions of this run that were not ordinary."""

    @property
    def replaying(self) -> bool:
        """Whether the decisions are those of another run."""
        return self._replayed is not None

    def retract(self, actor: str) -> None:
        """Make the latest decision of an actor the ordinary one: it had no effect."""
        self.taken.pop(Place(actor, self._counts[actor] - 1), None)

    def choose(self, actor: str, weights: Weights) -> int:
        """The number of an option, by weight."""
        return self._decide(actor, weights.count, weights)

    def level(self, actor: str) -> int:
        """A number below LEVELS, uniform; for times and sizes."""
        return self._decide(actor, LEVELS, None)

    def between(self, actor: str, low: float, high: float) -> float:
        """A number from `low`, which is the ordinary one, to `high`."""
        return low + (high - low) * self.level(actor) / (LEVELS - 1)

    def integer(self, actor: str, low: int, high: int) -> int:
        """A whole number from `low`, which is the ordinary one, to `high`."""
        return low + self.level(actor) * (high - low + 1) // LEVELS

    def chance(self, actor: str, share: float) -> bool:
        """True in this share of the cases."""
        return bool(self._decide(actor, 2, Weights((1.0 - share, share))))

    def _decide(self, actor: str, count: int, weights: Weights | None) -> int:
        number = self._counts.get(actor, 0)
        self._counts[actor] = number + 1
        place = Place(actor, number)
        if self._replayed is not None:
            option = self._replayed.get(place, 0)
            option = option if option < count else 0
        elif weights is None:
            option = self._random.randrange(count)
        else:
            option = min(bisect_right(weights.bounds, self._random.random()), count - 1)
        if option:
            self.taken[place] = option
        return option
