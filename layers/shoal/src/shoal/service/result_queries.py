"""Reads the results of tasks, and which are missing, for users."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from heapq import merge
from itertools import batched
from typing import NamedTuple

from shoal.domain.chunk import Chunk
from shoal.domain.counts import TaskStatus
from shoal.domain.errors import IllegalMove
from shoal.domain.grid import Json
from shoal.domain.job import Job
from shoal.domain.visible_status import untouched_status, visible_status
from shoal.ports.chunks import ChunkStore
from shoal.ports.jobs import JobStore
from shoal.service.job_access import owned_job
from shoal.service.read_limits import MOST_ROWS, READ_AT_ONCE
from shoal.service.task_queries import TaskQueries


@dataclass(frozen=True, slots=True)
class Result:
    """The return value of a task."""

    index: int
    result: Json


@dataclass(frozen=True, slots=True)
class MissingResults:
    """The tasks from `first` to `last` (inclusive), which have no result for the same reason.

    `why` is their status. A COMPLETED task is missing if its result has expired.
    """

    first: int
    last: int
    why: TaskStatus

    @property
    def count(self) -> int:
        """The number of tasks."""
        return self.last - self.first + 1

    def before(self, index: int) -> MissingResults:
        """Return the part before an index, which must be greater than `first`."""
        return replace(self, last=min(self.last, index - 1))


class ResultPage(NamedTuple):
    """A page of results and of the missing ones between them, both by index.

    The page covers every task before `next_index`, the start of the next page (None at the end).
    """

    results: Sequence[Result]
    missing: Sequence[MissingResults]
    next_index: int | None

    def in_order(self) -> Iterator[Result | MissingResults]:
        """Yield results and missing results by index."""
        return merge(self.results, self.missing, key=_first)


@dataclass(frozen=True, slots=True)
class ResultQueries:
    """Read access to results; those of another tenant do not exist."""

    jobs: JobStore
    chunks: ChunkStore
    task_queries: TaskQueries

    def of_task(self, tenant: str, task_id: str) -> Result:
        """Return the result of a task.

        Raises IllegalMove if the task is not COMPLETED or its result has expired.
        """
        task = self.task_queries.get(tenant, task_id)
        if task.status is not TaskStatus.COMPLETED:
            raise IllegalMove(f"the task is {task.status}; only a COMPLETED task has a result")
        if task.outcome is None:
            raise IllegalMove("the result of the task has expired")
        return Result(task.index, task.outcome.result)

    def of_job(self, tenant: str, job_id: str, *, limit: int, start: int) -> ResultPage:
        """Return up to `limit` results from index `start`, and the tasks without a result."""
        job = owned_job(self.jobs, tenant, job_id)
        places, following = self._places(job, limit, start)
        end = (job.task_count or 0) if following is None else following
        completed = [place for place in places if _completed(*place)]
        indices = (chunk.first + offset for chunk, offset in completed)
        outcomes = dict(zip(indices, self.task_queries.outcomes(completed), strict=True))
        results, missing = [], _MissingRuns(untouched_status(job), start)
        for chunk, offset in places:
            index = chunk.first + offset
            outcome = outcomes.get(index)
            if outcome is None:
                missing.add(index, visible_status(job, chunk, offset))
            else:
                missing.until(index)
                results.append(Result(index, outcome.result))
        return ResultPage(results, missing.until(end), following)

    def _places(
        self, job: Job, limit: int, start: int
    ) -> tuple[list[tuple[Chunk, int]], int | None]:
        """Return the tasks from `start` up to `limit` completed ones, and the next index."""
        size, places, completed = job.chunk_size or 1, list[tuple[Chunk, int]](), 0
        if not job.planned or start >= (job.task_count or 0):
            return [], None
        first = start // size
        numbers = range(first, min(job.chunks, first + MOST_ROWS))
        for batch in batched(numbers, min(READ_AT_ONCE, limit // size + 1), strict=False):
            for chunk in self.chunks.get_many(job.id, batch):
                for offset in range(max(0, start - chunk.first), chunk.size):
                    if completed == limit:
                        return places, chunk.first + offset
                    completed += _completed(chunk, offset)
                    places.append((chunk, offset))
            if completed == limit:
                break
        following = (batch[-1] + 1) * size
        return places, following if following < (job.task_count or 0) else None


class _MissingRuns:
    """Builds runs of tasks without results by reason; tasks that are not added are `unnamed`."""

    def __init__(self, unnamed: TaskStatus, start: int) -> None:
        self._unnamed, self._next = unnamed, start
        self._found: list[MissingResults] = []

    def add(self, index: int, why: TaskStatus) -> None:
        """Add a task without a result."""
        self.until(index)
        self._extend(index, index, why)

    def until(self, index: int) -> Sequence[MissingResults]:
        """Return the runs before an index that has a result or ends the page."""
        if self._next < index:
            self._extend(self._next, index - 1, self._unnamed)
        self._next = index + 1
        return self._found

    def _extend(self, first: int, last: int, why: TaskStatus) -> None:
        before = self._found[-1] if self._found else None
        if before is not None and before.why is why and before.last == first - 1:
            self._found[-1] = MissingResults(before.first, last, why)
        else:
            self._found.append(MissingResults(first, last, why))


def _completed(chunk: Chunk, offset: int) -> bool:
    return chunk.status_of(offset) is TaskStatus.COMPLETED


def _first(each: Result | MissingResults) -> int:
    return each.first if isinstance(each, MissingResults) else each.index
