"""Makes a failing run small: the fewest decisions that still break the same law."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

from tests.prove.decisions import Place

type Decided = Mapping[Place, int]


def shrunk(decided: Decided, fails: Callable[[Decided], bool], *, most: int = 600) -> Decided:
    """Return fewer decisions with which the run still fails, after at most `most` replays."""
    return _Shrinker(fails, most).run(dict(decided))


class _Shrinker:
    def __init__(self, fails: Callable[[Decided], bool], most: int) -> None:
        self._fails = fails
        self._left = most

    def run(self, decided: dict[Place, int]) -> Decided:
        before = len(decided) + 1
        while len(decided) < before and self._left > 0:
            before = len(decided)
            decided = self._without_actors(decided)
            decided = self._halved(decided)
        return decided

    def _without_actors(self, decided: dict[Place, int]) -> dict[Place, int]:
        """Take back all decisions of one actor at once."""
        groups: dict[str, list[Place]] = defaultdict(list)
        for place in decided:
            groups[place.actor].append(place)
        for group in sorted(groups.values(), key=len, reverse=True):
            decided = self._without(decided, group)
        return decided

    def _halved(self, decided: dict[Place, int]) -> dict[Place, int]:
        """Take back runs of decisions, shorter and shorter ones."""
        places = sorted(decided)
        size = max(1, len(places) // 2)
        while size:
            for begin in range(0, len(places), size):
                decided = self._without(decided, places[begin : begin + size])
            places = sorted(decided)
            size //= 2
        return decided

    def _without(self, decided: dict[Place, int], places: Sequence[Place]) -> dict[Place, int]:
        gone = set(places)
        fewer = {place: option for place, option in decided.items() if place not in gone}
        if len(fewer) == len(decided) or self._left <= 0:
            return decided
        self._left -= 1
        return fewer if self._fails(fewer) else decided
