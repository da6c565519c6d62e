"""The order in which the fetcher polls the queues."""

from __future__ import annotations

from collections.abc import Mapping


class WeightedRoundRobin:
    """Smooth weighted round robin: in each cycle, a queue is first as often as its weight.

    The other queues follow by weight, so an empty first queue does not delay them.
    """

    def __init__(self, weights: Mapping[str, int]) -> None:
        self._weights = dict(weights)
        self._credit = dict.fromkeys(weights, 0)
        self._by_weight = sorted(weights, key=lambda name: -weights[name])

    def next(self) -> list[str]:
        """Returns the order of the queues for the next poll."""
        for name, weight in self._weights.items():
            self._credit[name] += weight
        first = max(self._credit, key=lambda name: self._credit[name])
        self._credit[first] -= sum(self._weights.values())
        return [first, *(name for name in self._by_weight if name != first)]
