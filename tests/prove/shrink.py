"""Makes a failing run small: the fewest decisions that still break the same law.

This is delta debugging, first over the actors with all their decisions, then over single decisions.
A replay ends as soon as it breaks the law.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

from tests.prove.decisions import Place

type Decided = Mapping[Place, int]
type Unit = tuple[Place, ...]
"""Decisions that are made ordinary together."""


def shrunk(decided: Decided, fails: Callable[[Decided], bool], *, most: int = 400) -> Decided:
    """Return fewer decisions with which the run still fails, after at most `most` replays."""
    return _Shrinker(decided, fails, most).run()


class _Shrinker:
    def __init__(self, decided: Decided, fails: Callable[[Decided], bool], most: int) -> None:
        self._decided = decided
        self._fails = fails
        self._left = most
        self._tried: set[frozenset[Place]] = set()

    def run(self) -> Decided:
        actors: dict[str, list[Place]] = defaultdict(list)
        for place in sorted(self._decided):
            actors[place.actor].append(place)
        kept = self._minimal([tuple(group) for group in actors.values()])
        kept = self._minimal([(place,) for unit in kept for place in unit])
        return self._of(kept)

    def _minimal(self, units: Sequence[Unit]) -> Sequence[Unit]:
        """Remove parts of the units, half of them first, then smaller and smaller parts."""
        parts = 2
        while units and self._left > 0:
            size = -(-len(units) // parts)
            for begin in range(0, len(units), size):
                fewer = [*units[:begin], *units[begin + size :]]
                if self._still_fails(fewer):
                    units, parts = fewer, max(parts - 1, 2)
                    break
            else:
                if size == 1:
                    break
                parts = min(len(units), 2 * parts)
        return units

    def _still_fails(self, units: Iterable[Unit]) -> bool:
        places = frozenset(place for unit in units for place in unit)
        if places in self._tried or self._left <= 0:
            return False
        self._tried.add(places)
        self._left -= 1
        return self._fails(self._of([tuple(places)]))

    def _of(self, units: Iterable[Unit]) -> Decided:
        return {place: self._decided[place] for unit in units for place in unit}
