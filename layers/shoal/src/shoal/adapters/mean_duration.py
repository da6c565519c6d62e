"""The mean duration of tasks of a type."""

from typing import Final

_WEIGHT: Final = 0.3


def updated_mean(mean: float | None, seconds: float) -> float:
    """Return the exponentially weighted mean after another measurement."""
    return seconds if mean is None else mean + _WEIGHT * (seconds - mean)
