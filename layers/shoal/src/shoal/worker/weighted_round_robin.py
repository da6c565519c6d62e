"""In which order queues are asked: by weight, but each is first often enough."""

from __future__ import annotations

from collections.abc import Mapping


class WeightedRoundRobin:
    """Smooth weighted round robin: in as many turns as the weights sum to, each is first so often.

    The others follow by weight, so whoever is first and empty costs the next nothing.
    """

    def __init__(self, weights: Mapping[str, int]) -> None:
        self._weights = dict(weights)
        self._credit = dict.fromkeys(weights, 0)
        self._by_weight = sorted(weights, key=lambda name: -weights[name])

    def next(self) -> list[str]:
        """The queues in the order of this turn."""
        for name, weight in self._weights.items():
            self._credit[name] += weight
        first = max(self._credit, key=lambda name: self._credit[name])
        self._credit[first] -= sum(self._weights.values())
        return [first, *(name for name in self._by_weight if name != first)]
