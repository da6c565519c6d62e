"""Finds tasks of a job by their outcomes: by cause, or by duration.

A search reads outcomes, so a request covers a range of the job and returns the start of the next.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from heapq import nlargest
from itertools import batched
from typing import NamedTuple

from shoal.domain.chunk import Chunk
from shoal.domain.job import Job
from shoal.domain.outcome import Outcome
from shoal.domain.task_filter import TaskFilter
from shoal.ports.chunks import ChunkStore
from shoal.ports.jobs import JobStore
from shoal.service.job_access import owned_job
from shoal.service.read_limits import MOST_ROWS, READ_AT_ONCE
from shoal.service.task_queries import TaskPage, TaskQueries, admitted, part_keys


class FoundTask(NamedTuple):
    """A task by its chunk and position, with its outcome."""

    chunk: Chunk
    offset: int
    outcome: Outcome | None

    @property
    def task(self) -> int:
        """The index of the task."""
        return self.chunk.first + self.offset

    @property
    def duration(self) -> float:
        """Seconds of the latest ended attempt; 0 if there is none."""
        return 0.0 if self.outcome is None else self.outcome.duration


@dataclass(frozen=True, slots=True)
class TaskSearch:
    """Search for tasks: reads the tallies, and at most 1,000 rows of chunks and outcomes."""

    jobs: JobStore
    task_queries: TaskQueries
    chunks: ChunkStore

    def by_cause(
        self, tenant: str, job_id: str, which: TaskFilter, *, limit: int, start: int
    ) -> TaskPage:
        """Return failed tasks with the requested cause, by index, starting at `start`."""
        job = owned_job(self.jobs, tenant, job_id)
        scan, found = _Scan(self, job, which, start), list[FoundTask]()
        for each in scan:
            if not which.matches_cause(job.spec.task_type, each.outcome):
                continue
            if len(found) == limit:
                return TaskPage(self.task_queries.views(job, found), each.task, scan.rows)
            found.append(each)
        return TaskPage(self.task_queries.views(job, found), scan.following, scan.rows)

    def slowest(
        self, tenant: str, job_id: str, which: TaskFilter, *, limit: int, start: int
    ) -> TaskPage:
        """Return the longest-running tasks of the scanned range, the slowest first."""
        job = owned_job(self.jobs, tenant, job_id)
        started = replace(which, attempts=max(1, which.attempts))
        scan = _Scan(self, job, started, start)
        ended = (
            each
            for each in scan
            if each.outcome is not None and which.matches_cause(job.spec.task_type, each.outcome)
        )
        slowest = nlargest(limit, ended, key=lambda each: (each.duration, -each.task))
        return TaskPage(self.task_queries.views(job, slowest), scan.following, scan.rows)


@dataclass(slots=True)
class _Scan:
    """Yields tasks with their outcomes by index, within the row limit.

    `rows` is the number of rows read so far; `following` is the next index after the scan.
    """

    search: TaskSearch
    job: Job
    which: TaskFilter
    start: int
    rows: int = field(default=0, init=False)
    following: int | None = field(default=None, init=False)

    def __iter__(self) -> Iterator[FoundTask]:
        numbers = self.search.task_queries.chunks_with(self.job, self.which, self.start)
        for batch in batched(numbers, READ_AT_ONCE, strict=False):
            if self.rows + len(batch) >= MOST_ROWS:
                self.following = batch[0] * (self.job.chunk_size or 1)
                return
            self.rows += len(batch)
            picked = self._picked(batch)
            fit = self._affordable(picked)
            yield from self._with_outcomes(picked[:fit])
            if fit < len(picked):
                self.following = picked[fit][0].first
                return

    def _picked(self, numbers: Sequence[int]) -> list[tuple[Chunk, list[int]]]:
        chunks = self.search.chunks.get_many(self.job.id, numbers)
        found = ((chunk, admitted(self.job, self.which, chunk, self.start)) for chunk in chunks)
        return [(chunk, offsets) for chunk, offsets in found if offsets]

    def _affordable(self, picked: Sequence[tuple[Chunk, list[int]]]) -> int:
        """Return how many of the chunks fit into the row limit, and count their rows."""
        for fit, (chunk, offsets) in enumerate(picked):
            more = len(part_keys((chunk, offset) for offset in offsets))
            if self.rows + more > MOST_ROWS:
                return fit
            self.rows += more
        return len(picked)

    def _with_outcomes(self, picked: Sequence[tuple[Chunk, list[int]]]) -> Iterator[FoundTask]:
        places = [(chunk, offset) for chunk, offsets in picked for offset in offsets]
        outcomes = self.search.task_queries.outcomes(places)
        for (chunk, offset), outcome in zip(places, outcomes, strict=True):
            yield FoundTask(chunk, offset, outcome)
