"""Limits and usage of a tenant."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple

from shoal.domain.errors import LimitReached

RETRY_AFTER_SECONDS: Final = 30
"""Retry-After in seconds if a job has to end first."""
_MICRO: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """`submit_rate` is in jobs per second; `submit_burst` jobs can be submitted at once.

    `queued_tasks` counts all tasks of open jobs, including finished ones. Rows are kept for
    `retention_days` after the longest job would have ended.
    """

    open_jobs: int = 10_000
    queued_tasks: int = 20_000_000
    submit_rate: float = 50.0
    submit_burst: int = 500
    retention_days: int = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A rate of a tenant's requests: `per_second` on average, `burst` at once.

    It is a token bucket, described by the time at which it is full again. Times are in
    microseconds since the epoch.
    """

    name: str
    per_second: float
    burst: int

    @property
    def step(self) -> int:
        """The time in which one token returns."""
        return round(_MICRO / self.per_second)

    def latest(self, now: int) -> int:
        """The latest time at which the bucket is full again, if it still has a token now."""
        return now + (self.burst - 1) * self.step

    def retry_after(self, full_at: int, now: int) -> int:
        """Return the seconds until an empty bucket has a token."""
        return max(1, math.ceil((full_at - self.latest(now)) / _MICRO))


class TokenBucket(NamedTuple):
    """The number of submits that a tenant has left at the time `at`, in seconds since the epoch."""

    tokens: float
    at: float

    def filled(self, limits: Limits, now: float) -> TokenBucket:
        """Return the tokens at a later time; a clock that runs behind removes none."""
        at = max(now, self.at)
        tokens = self.tokens + (at - self.at) * limits.submit_rate
        return TokenBucket(min(tokens, limits.submit_burst), at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """The usage of a tenant and its own limits; other limits are those of the deployment."""

    name: str
    own: Mapping[str, Any] = field(default_factory=dict)
    open_jobs: int = 0
    queued_tasks: int = 0
    bucket: TokenBucket | None = None
    version: int = 0

    def limits(self, defaults: Limits) -> Limits:
        """The effective limits."""
        return replace(defaults, **self.own)

    def with_own(self, own: Mapping[str, Any]) -> Tenant:
        """Return the tenant with these limits instead of its current ones."""
        return replace(self, own=dict(own), version=self.version + 1)

    def admit(self, tasks: int, limits: Limits, now: float) -> Tenant:
        """Return the tenant with one more job; raise LimitReached above a limit."""
        if self.open_jobs >= limits.open_jobs:
            detail = f"{self.open_jobs} jobs are open, of at most {limits.open_jobs}"
            raise LimitReached("open_jobs", detail, RETRY_AFTER_SECONDS)
        if self.queued_tasks + tasks > limits.queued_tasks:
            detail = (
                f"open jobs have {self.queued_tasks} tasks, of at most {limits.queued_tasks};"
                f" {tasks} more do not fit"
            )
            raise LimitReached("queued_tasks", detail, RETRY_AFTER_SECONDS)
        bucket = (self.bucket or TokenBucket(limits.submit_burst, now)).filled(limits, now)
        if bucket.tokens < 1:
            wait = math.ceil((1 - bucket.tokens) / limits.submit_rate)
            detail = f"more than {limits.submit_rate:g} jobs per second were submitted"
            raise LimitReached("submit_rate", detail, max(1, wait))
        return replace(
            self,
            open_jobs=self.open_jobs + 1,
            queued_tasks=self.queued_tasks + tasks,
            bucket=bucket._replace(tokens=bucket.tokens - 1),
            version=self.version + 1,
        )
