"""A job of a million tasks as rows, and workers that move them without being there."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import Final

from bench.table_rows import write
from shoal.adapters.rows.attributes import Row
from shoal.adapters.rows.chunks import chunk_row
from shoal.adapters.rows.jobs import job_row
from shoal.adapters.rows.tallies import tally_row
from shoal.domain.chunk import Chunk
from shoal.domain.ids import keyed_job_id
from shoal.domain.job import Job, JobStatus, Repeat, Spec
from shoal.domain.tally import Entry, Tally, members
from tests.support.platform import Platform

TASKS: Final = 1_000_000
CHUNK: Final = 100
CHUNKS: Final = TASKS // CHUNK
_FAILING: Final = 10
"""One in this many chunks has a task that fails."""


class Million:
    """The job, its first tasks ended and the next ones running; the rest waits."""

    def __init__(self, tenant: str, *, ended: int) -> None:
        now = time.time()
        self.job = Job(
            id=keyed_job_id("bench", "million"),
            tenant=tenant,
            spec=Spec(task_type="noop", source=Repeat(TASKS), name="a million"),
            fingerprint="f",
            created_at=now,
            enqueued_at=now,
            started_at=now,
            status=JobStatus.RUNNING,
            task_count=TASKS,
            chunk_size=CHUNK,
            expires_at=int(now) + 10**8,
        )
        self._chunks = [
            Chunk.new(self.job.id, number, first=number * CHUNK, size=CHUNK, now=now)
            for number in range(CHUNKS)
        ]
        self._begun = self._ended = 0
        self._advance(ended)

    def put(self, platform: Platform) -> None:
        """Write all its rows."""
        write(platform, "TasksTableName", map(chunk_row, self._chunks))
        write(
            platform, "JobsTableName", [job_row(self.job), *self._tallies(range(self.job.tallies))]
        )

    def move(self, platform: Platform, chunks: int) -> None:
        """End the running chunks and start others, as reports of their workers would."""
        moved = self._advance(chunks)
        write(platform, "TasksTableName", (chunk_row(self._chunks[number]) for number in moved))
        tallies = {number % self.job.tallies for number in moved}
        write(platform, "JobsTableName", self._tallies(tallies))

    def _advance(self, chunks: int) -> range:
        """The chunks that moved."""
        first, end = self._ended, min(self._begun + chunks, CHUNKS)
        for number in range(self._ended, self._begun):
            self._stand(number, _ended(number))
        for number in range(self._begun, end):
            self._stand(number, "R" * CHUNK)
        self._ended, self._begun = self._begun, end
        return range(first, end)

    def _stand(self, number: int, statuses: str) -> None:
        chunk = self._chunks[number]
        self._chunks[number] = replace(
            chunk, statuses=statuses, attempts=(1,) * CHUNK, version=chunk.version + 1
        )

    def _tallies(self, numbers: Collection[int]) -> Iterator[Row]:
        for number in numbers:
            entries = {
                slot: Entry.of(self._chunks[chunk])
                for slot, chunk in enumerate(members(number, self.job.chunks))
            }
            yield tally_row(Tally(self.job.id, number, entries), self.job.expires_at)


def _ended(number: int) -> str:
    if number % _FAILING:
        return "C" * CHUNK
    failed = number * 7 % CHUNK
    return "C" * failed + "F" + "C" * (CHUNK - failed - 1)
