"""Time and chance as tests want them."""

from __future__ import annotations

import random


class FixedClock:
    """Time that moves only when told to."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.time = now

    def now(self) -> float:
        return self.time

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.time += seconds


class SeededEntropy:
    """Randomness that repeats."""

    def __init__(self, seed: int = 0) -> None:
        self._random = random.Random(seed)  # noqa: S311 - a test wants it to repeat

    def bytes(self) -> bytes:
        return self._random.randbytes(10)

    def uniform(self) -> float:
        return self._random.random()
