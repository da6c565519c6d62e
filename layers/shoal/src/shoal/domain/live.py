"""Live updates: connections, subscriptions and deltas."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

from shoal.domain.counts import Counts
from shoal.domain.job import JobStatus

CONNECTION_SECONDS: Final = 7_200
"""API Gateway closes each connection after two hours."""
PERIOD: Final = 1.0
"""Seconds between two deltas of a job."""
MOST_SUBSCRIPTIONS: Final = 50
"""Subscriptions of one connection."""
MOST_CONNECTIONS: Final = 1_000
"""Connections of one tenant; approximate, because they are counted before the write."""
ALL_JOBS: Final = "*"
"""The topic of all jobs of a tenant; any other topic is a job's id."""


@dataclass(frozen=True, slots=True)
class Connection:
    """An open connection of a caller."""

    id: str
    tenant: str
    who: str
    expires_at: int


class LastSent(NamedTuple):
    """The last version of a job that was sent to subscribers, and the time.

    While it is sent, it is `pending`. If its sender dies, it stays pending, and another one sends
    it again.
    """

    version: int
    at: float
    pending: bool = False


@dataclass(frozen=True, slots=True)
class Delta:
    """The state of a job. A client without `previous` or a later version has missed a delta."""

    job_id: str
    version: int
    previous: int | None
    status: JobStatus
    paused: bool
    counts: Counts
