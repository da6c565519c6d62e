"""A fixed clock and seeded randomness for tests."""

from __future__ import annotations

import random


class FixedClock:
    """A clock that moves only by `advance`."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.time = now

    def now(self) -> float:
        return self.time

    def advance(self, seconds: float) -> None:
        """Advance the clock."""
        self.time += seconds


class SeededEntropy:
    """Reproducible randomness."""

    def __init__(self, seed: int = 0) -> None:
        self._random = random.Random(seed)  # noqa: S311 - reproducible for tests

    def bytes(self) -> bytes:
        return self._random.randbytes(10)

    def uniform(self) -> float:
        return self._random.random()
