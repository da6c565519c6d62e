"""Storage of the rates of requests."""

from __future__ import annotations

from typing import Protocol

from shoal.domain.limits import Rate


class RateStore(Protocol):
    """A token bucket per tenant and rate, stored as the time at which it is full again."""

    def take(self, tenant: str, rate: Rate, now: int) -> int | None:
        """Take a token and return None; from an empty bucket, return the time it is full again.

        Each of several concurrent callers takes a separate token. Times are in microseconds.
        """
