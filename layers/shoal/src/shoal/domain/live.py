"""Live: who may listen to jobs, and what it hears."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

from shoal.domain.counts import Counts
from shoal.domain.job import JobStatus

TICKET_SECONDS: Final = 30
CONNECTION_SECONDS: Final = 7_200
"""API Gateway ends each connection after two hours."""
PERIOD: Final = 1.0
"""Seconds between two deltas of a job."""
MOST_SUBSCRIPTIONS: Final = 50
"""Of one connection."""
MOST_CONNECTIONS: Final = 1_000
"""Of one tenant, as near as counting before a write can tell."""
ALL_JOBS: Final = "*"
"""The topic of all jobs of a tenant; any other topic is a job's id."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """Lets one connection in, once. `key` is a digest: whoever reads the table cannot connect."""

    key: str
    tenant: str
    who: str
    expires_at: int


@dataclass(frozen=True, slots=True)
class Connection:
    """An open connection of a tenant's caller."""

    id: str
    tenant: str
    who: str
    expires_at: int


class LastSent(NamedTuple):
    """Which version of a job its listeners were told last, and when."""

    version: int
    at: float


@dataclass(frozen=True, slots=True)
class Delta:
    """How a job stands. Who has neither `previous` nor a later version has missed one."""

    job_id: str
    version: int
    previous: int | None
    status: JobStatus
    paused: bool
    counts: Counts
