"""Time and chance."""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    """Time."""

    def now(self) -> float:
        """Seconds since the epoch."""


class Entropy(Protocol):
    """Randomness."""

    def bytes(self) -> bytes:
        """Ten random bytes."""

    def uniform(self) -> float:
        """Uniform in [0, 1)."""
