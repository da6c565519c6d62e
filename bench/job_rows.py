"""Jobs of a month by the thousand, as rows: of several types, names, tags and statuses."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Final

from shoal.adapters.rows.attributes import Row
from shoal.adapters.rows.jobs import job_row
from shoal.adapters.rows.tallies import tally_row
from shoal.domain.counts import Counts
from shoal.domain.ids import new_job_id
from shoal.domain.job import LIVE, Job, JobStatus, Repeat, Spec
from shoal.domain.tally import Entry, Tally

DAYS: Final = 30
_NOW: Final = 1_790_000_000.0
_TYPES: Final = ("cpu", "io", "matrix", "resize", "export")
_STATUSES: Final = {
    JobStatus.COMPLETED: 0.90,
    JobStatus.FAILED: 0.05,
    JobStatus.CANCELLED: 0.03,
    JobStatus.RUNNING: 0.01,
    JobStatus.PENDING: 0.01,
}


def rows_of_jobs(count: int, tenants: int, *, first: int = 0) -> Iterator[Row]:
    """Yield rows of `count` jobs, from `tenant-{first}` on, and the tallies of open jobs."""
    draw = random.Random(first)  # noqa: S311 - a run can be repeated
    for number in range(count):
        job = _job(draw, f"tenant-{first + number % tenants}")
        yield job_row(job)
        if job.live:
            for tally in range(job.tallies):
                entries = {slot: Entry(1, 3, Counts(completed=100)) for slot in range(25)}
                yield tally_row(Tally(job.id, tally, entries), job.expires_at)


def _job(draw: random.Random, tenant: str) -> Job:
    created_at = _NOW - DAYS * 86_400 * draw.random()
    (status,) = draw.choices([*_STATUSES], [*_STATUSES.values()])
    tags = {"team": f"t{draw.randrange(20)}", "project": f"p{draw.randrange(5)}"}
    spec = Spec(
        task_type=draw.choice(_TYPES),
        source=Repeat(10_000),
        name=f"nightly-{draw.randrange(10)}",
        tags=tags | ({"incident": "yes"} if draw.random() < 1 / 500 else {}),
    )
    return Job(
        id=new_job_id(created_at, draw.randbytes(10)),
        tenant=tenant,
        spec=spec,
        fingerprint="f" * 64,
        created_at=created_at,
        status=status,
        task_count=10_000,
        chunk_size=100,
        counts=None if status in LIVE else Counts(completed=10_000),
        expires_at=int(_NOW) + 10**8,
    )
