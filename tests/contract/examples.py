"""Values that contract tests start from; every call of `fresh_id` returns a new job id."""

from __future__ import annotations

import itertools
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from shoal.domain.chunk import Chunk
from shoal.domain.counts import Counts
from shoal.domain.errors import WriteConflict
from shoal.domain.ids import keyed_job_id
from shoal.domain.job import Job, Repeat, Spec
from shoal.domain.outcome import Origin, Outcome
from shoal.domain.tally import Entry

if TYPE_CHECKING:
    from tests.contract.port_sets import Ports

NOW = 1_800_000_000.25
EXPIRES_AT = 1_900_000_000
ORIGIN = Origin("w-1", 2)
_fresh = itertools.count()


def fresh_id() -> str:
    return keyed_job_id("contract", str(next(_fresh)))


def a_job(job_id: str | None = None, *, tenant: str = "default", created_at: float = NOW) -> Job:
    spec = Spec(task_type="noop", source=Repeat(1_000))
    return Job(
        id=job_id or fresh_id(),
        tenant=tenant,
        spec=spec,
        fingerprint="f",
        created_at=created_at,
        expires_at=EXPIRES_AT,
    )


def create_job(ports: Ports, job: Job) -> bool:
    """Create the job as a submit does; return whether no job had its id."""
    while True:
        tenant = ports.tenants.get(job.tenant)
        admitted = replace(tenant, version=tenant.version + 1)
        with suppress(WriteConflict):  # another test wrote the tenant
            return ports.tenants.admit(admitted, job)


def a_chunk(job_id: str, number: int = 0, *, size: int = 100) -> Chunk:
    return Chunk.new(job_id, number, first=number * size, size=size, now=NOW)


def an_entry(version: int, *, completed: int = 100, generation: int = 1) -> Entry:
    return Entry(generation, version, Counts(completed=completed))


def plain_outcomes(count: int = 100) -> list[Outcome]:
    """Outcomes without results, one after the other, with lengths that follow no pattern."""
    start, outcomes = NOW, []
    for index in range(count):
        duration = (index * 7_919 % 1_000) * 997 / 1_000_000
        start = round(start + 0.000_137, 6)
        outcomes.append(Outcome(index, 1, started_at=start, duration=duration))
        start = round(start + duration, 6)
    return outcomes
