"""Time and randomness."""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    """The current time."""

    def now(self) -> float:
        """Return the seconds since the epoch."""


class Entropy(Protocol):
    """A source of randomness."""

    def bytes(self) -> bytes:
        """Return ten random bytes."""

    def uniform(self) -> float:
        """Return a number, uniform in [0, 1)."""
