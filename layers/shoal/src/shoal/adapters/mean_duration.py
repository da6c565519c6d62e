"""How long tasks of a type take, by measurement."""

from typing import Final

_WEIGHT: Final = 0.3


def updated_mean(mean: float | None, seconds: float) -> float:
    """The exponentially weighted mean after one more measurement; the first one stands alone."""
    return seconds if mean is None else mean + _WEIGHT * (seconds - mean)
