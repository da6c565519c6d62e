"""How much of a deployment one tenant may have, and what it has."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple

from shoal.domain.errors import LimitReached

LATER: Final = 30
"""Seconds after which to ask again where a job has to end first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """`submit_rate` is jobs a second, of which `submit_burst` may come at once.

    `queued_tasks` counts all tasks of open jobs, whether they have run or not. Rows stay for
    `retention_days` once the longest job would have ended.
    """

    open_jobs: int = 10_000
    queued_tasks: int = 20_000_000
    submit_rate: float = 50.0
    submit_burst: int = 500
    retention_days: int = 90


class TokenBucket(NamedTuple):
    """So many submits are left at a time, in seconds since the epoch."""

    tokens: float
    at: float

    def filled(self, limits: Limits, now: float) -> TokenBucket:
        """What is left at a later time; a clock that runs behind takes nothing back."""
        at = max(now, self.at)
        tokens = self.tokens + (at - self.at) * limits.submit_rate
        return TokenBucket(min(tokens, limits.submit_burst), at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """What it has open, and those limits that are its own: the others are the deployment's."""

    name: str
    own: Mapping[str, Any] = field(default_factory=dict)
    open_jobs: int = 0
    queued_tasks: int = 0
    bucket: TokenBucket | None = None
    version: int = 0

    def limits(self, defaults: Limits) -> Limits:
        """Those that hold for it."""
        return replace(defaults, **self.own)

    def with_own(self, own: Mapping[str, Any]) -> Tenant:
        """The same with these limits of its own, and no others."""
        return replace(self, own=dict(own), version=self.version + 1)

    def admit(self, tasks: int, limits: Limits, now: float) -> Tenant:
        """The tenant with one more job of so many tasks; raise LimitReached if it has enough."""
        if self.open_jobs >= limits.open_jobs:
            detail = f"{self.open_jobs} jobs are open, of at most {limits.open_jobs}"
            raise LimitReached("open_jobs", detail, LATER)
        if self.queued_tasks + tasks > limits.queued_tasks:
            detail = (
                f"open jobs have {self.queued_tasks} tasks, of at most {limits.queued_tasks};"
                f" {tasks} more do not fit"
            )
            raise LimitReached("queued_tasks", detail, LATER)
        bucket = (self.bucket or TokenBucket(limits.submit_burst, now)).filled(limits, now)
        if bucket.tokens < 1:
            wait = math.ceil((1 - bucket.tokens) / limits.submit_rate)
            detail = f"more than {limits.submit_rate:g} jobs a second were submitted"
            raise LimitReached("submit_rate", detail, max(1, wait))
        return replace(
            self,
            open_jobs=self.open_jobs + 1,
            queued_tasks=self.queued_tasks + tasks,
            bucket=bucket._replace(tokens=bucket.tokens - 1),
            version=self.version + 1,
        )
