"""Rates of requests in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shoal.domain.limits import Rate


class MemoryRateStore:
    """The time at which each bucket is full again."""

    def __init__(self) -> None:
        self._full_at: dict[tuple[str, str], int] = {}

    def take(self, tenant: str, rate: Rate, now: int) -> int | None:
        full_at = max(now, self._full_at.get((tenant, rate.name), now))
        if full_at > rate.latest(now):
            return full_at
        self._full_at[tenant, rate.name] = full_at + rate.step
        return None
