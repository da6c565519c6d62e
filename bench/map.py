"""The map of a million tasks: how long it takes, and what it reads. Writes bench/map.md."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final

from bench.cpu import settle
from bench.table_rows import disable_streams, write
from bench.tables import markdown, show
from local.issuer import TENANT
from shoal.adapters.rows.chunks import chunk_row
from shoal.adapters.rows.jobs import job_row
from shoal.adapters.rows.tallies import tally_row
from shoal.domain.chunk import Chunk
from shoal.domain.ids import keyed_job_id
from shoal.domain.job import Job, JobStatus, Repeat, Spec
from shoal.domain.tally import Entry, Tally, members
from tests.support.platform import Platform, difference, running_platform

TASKS, CALLS, WARM = 1_000_000, 15, 3
PAGE: Final = Path(__file__).with_name("map.md")
LIMIT_SECONDS: Final = 2.0
_NOW: Final = 1_790_000_000.0
_EXPIRES: Final = int(_NOW) + 10**8


@dataclass(frozen=True, slots=True)
class Case:
    """A job of a million tasks; `mixed` percent of its chunks have tasks of several statuses."""

    name: str
    chunk_size: int
    mixed: int
    query: str = ""
    again: bool = False

    @property
    def job(self) -> Job:
        """Its job, which runs."""
        return Job(
            id=keyed_job_id("bench", f"{self.chunk_size}-{self.mixed}"),
            tenant=TENANT,
            spec=Spec(task_type="noop", source=Repeat(TASKS)),
            fingerprint="f",
            created_at=_NOW,
            status=JobStatus.RUNNING,
            task_count=TASKS,
            chunk_size=self.chunk_size,
            expires_at=_EXPIRES,
        )


CASES: Final = (
    Case("tallies only, chunk 100", 100, 0),
    Case("tallies only, chunk 16", 16, 0),
    Case("1 in 10 chunks mixed, chunk 16", 16, 10),
    Case("1 in 10 chunks mixed, chunk 100", 100, 10),
    Case("every chunk mixed, chunk 100", 100, 100),
    Case("a cell per chunk, chunk 16, mixed", 16, 10, "cells=chunk"),
    Case("304, every chunk mixed, chunk 100", 100, 100, again=True),
)


def main() -> None:
    """Write the jobs, request their maps, and print and write the results."""
    with running_platform(wait_seconds=600) as platform:
        disable_streams(platform)
        for case in {(each.chunk_size, each.mixed): each for each in CASES}.values():
            write(platform, "JobsTableName", [job_row(case.job), *_tallies(case)])
            write(
                platform,
                "TasksTableName",
                (chunk_row(each) for each in _chunks(case.job, case.mixed)),
            )
        settle(platform)
        rows = [_measured(platform, case) for case in CASES]
    columns = ("a million tasks", "median, s", "slowest, s", "calls", "kB sent", "rows read")
    show(f"Maps, {CALLS} calls each", columns, rows)
    PAGE.write_text(_page(columns, rows))


def _tallies(case: Case) -> Iterator[Any]:
    job = case.job
    for number in range(job.tallies):
        entries = {
            slot: Entry.of(_chunk(job, chunk, case.mixed))
            for slot, chunk in enumerate(members(number, job.chunks))
        }
        yield tally_row(Tally(job.id, number, entries), _EXPIRES)


def _chunks(job: Job, mixed: int) -> Iterator[Chunk]:
    """Return the chunks that a map has to read."""
    for number in range(job.chunks):
        chunk = _chunk(job, number, mixed)
        if len(set(chunk.statuses)) > 1:
            yield chunk


def _chunk(job: Job, number: int, mixed: int) -> Chunk:
    size = job.size_of(number)
    letters = "C" * size
    if number % 100 < mixed:
        failed = number * 7 % size
        letters = letters[:failed] + "F" + letters[failed + 1 :]
    elif number % 10 == 9:
        letters = "P" * size
    return Chunk(
        job=job.id,
        number=number,
        first=number * (job.chunk_size or 1),
        generation=1,
        statuses=letters,
        attempts=(1,) * size,
        expires_at=_EXPIRES,
    )


def _measured(platform: Platform, case: Case) -> Sequence[str]:
    path = f"/jobs/{case.job.id}/map?{case.query}"
    headers = {"If-None-Match": platform.users.get(path).headers["etag"]} if case.again else {}
    spent, calls, sent = [], 0, 0
    before = platform.meter()
    for _ in range(WARM + CALLS):
        begin, start, calls, sent = time.perf_counter(), 0, 0, 0
        while True:
            answer = platform.users.get(f"{path}&start={start}" if start else path, headers=headers)
            if answer.is_error:
                raise SystemExit(f"{case.name}: {answer.status_code} {answer.text}")
            start, calls = start + len(answer.content), calls + 1
            sent += answer.num_bytes_downloaded
            if case.query or case.again or start >= TASKS:
                break
        spent.append(time.perf_counter() - begin)
    if answer.is_success and not case.query and start != TASKS:
        raise SystemExit(f"{case.name}: a map of {start} tasks")
    read = difference(before, platform.meter()).get("dynamodb.rows_read", {})
    rows = round((read.get("jobs", 0) + read.get("tasks", 0)) / (WARM + CALLS))
    times = sorted(spent[WARM:])
    slow = " (!)" if calls == 1 and median(times) > LIMIT_SECONDS else ""
    return (
        *(case.name, f"{median(times):.2f}{slow}", f"{times[-1]:.2f}"),
        *(str(calls), f"{sent / 1_000:.1f}", f"{rows:,}"),
    )


def _page(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return f"""# The map of a million tasks

`python -m bench map`: warm `GET /api/v1/jobs/{{id}}/map` on a twin, {CALLS} times each, one after
the other, gzip accepted. Rows are the job's, its tallies' and its mixed chunks'. The aim is a whole
map in 2 s.

{markdown(columns, rows)}

The emulator, its functions and the client share the cores of one machine (load average
{os.getloadavg()[1]:.1f} meanwhile).
"""


if __name__ == "__main__":
    main()
