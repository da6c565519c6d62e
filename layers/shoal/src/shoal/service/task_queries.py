"""Reads tasks for users: one task, or the matching tasks of a job."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from shoal.domain import ids, sizing
from shoal.domain.chunk import Chunk
from shoal.domain.counts import TaskStatus
from shoal.domain.errors import TaskNotFound
from shoal.domain.grid import Json
from shoal.domain.job import Job
from shoal.domain.outcome import Outcome, PartKey
from shoal.domain.tally import Tally, address
from shoal.domain.task_filter import TaskFilter
from shoal.domain.visible_status import untouched_status, visible_status
from shoal.ports.chunks import ChunkStore
from shoal.ports.jobs import JobStore
from shoal.service.inputs import Inputs
from shoal.service.job_access import owned_job
from shoal.service.read_limits import MOST_ROWS, READ_AT_ONCE


@dataclass(frozen=True, slots=True)
class TaskView:
    """A task as users see it.

    `outcome` is the latest accepted one. `input` is None if it is too large to show or has
    expired.
    """

    job: Job
    chunk: Chunk | None
    index: int
    status: TaskStatus
    attempts: int
    input: Mapping[str, Json] | None
    outcome: Outcome | None

    @property
    def worker(self) -> str | None:
        """The worker that runs the task, if it is RUNNING."""
        running = self.status is TaskStatus.RUNNING and self.chunk is not None
        return self.chunk.lease.worker if running and self.chunk and self.chunk.lease else None

    @property
    def progress(self) -> float | None:
        """The progress of a RUNNING task, if its worker reports it."""
        chunk = self.chunk
        return None if chunk is None else chunk.progress_of(self.index - chunk.first)


class TaskPage(NamedTuple):
    """A page of tasks, and the start of the next one (None at the end).

    `read` is the number of rows of chunks and outcomes that were read.
    """

    tasks: Sequence[TaskView]
    next_index: int | None
    read: int


@dataclass(frozen=True, slots=True)
class TaskQueries:
    """Read access to tasks; those of another tenant do not exist."""

    jobs: JobStore
    chunks: ChunkStore
    inputs: Inputs

    def get(self, tenant: str, task_id: str) -> TaskView:
        """Return a task; raise TaskNotFound."""
        job, chunk, offset = self.find(tenant, task_id)
        if chunk is None:
            index = ids.parse_task_id(task_id)
            return self._not_created(job, index[1] if index else 0)
        (outcome,) = self.outcomes([(chunk, offset)])
        return self.views(job, [(chunk, offset, outcome)])[0]

    def find(self, tenant: str, task_id: str) -> tuple[Job, Chunk | None, int]:
        """Return the job, the chunk (None if not created yet) and the position of a task."""
        parsed = ids.parse_task_id(task_id)
        if parsed is None:
            raise TaskNotFound(task_id)
        job_id, index = parsed
        job = self.jobs.get(job_id)
        if job is None or not job.belongs_to(tenant):
            raise TaskNotFound(task_id)
        if not job.planned and index < (job.task_count or 0):
            return job, None, 0
        try:
            number, offset = job.place(index)
        except IndexError:
            raise TaskNotFound(task_id) from None
        return job, self.chunks.get(job_id, number), offset

    def of_job(
        self, tenant: str, job_id: str, which: TaskFilter, *, limit: int, start: int
    ) -> TaskPage:
        """Return matching tasks, starting at the index `start`; the cause is not checked."""
        job = owned_job(self.jobs, tenant, job_id)
        places, following, read = self._places(job, which, limit, start)
        read += len(part_keys(places))
        found = zip(places, self.outcomes(places), strict=True)
        tasks = self.views(job, [(*place, outcome) for place, outcome in found])
        return TaskPage(tasks, following, read)

    def views(self, job: Job, found: Sequence[tuple[Chunk, int, Outcome | None]]) -> list[TaskView]:
        """Return tasks with their latest outcomes as users see them."""
        inputs = self.inputs.full_inputs(job, [(chunk, offset) for chunk, offset, _ in found])
        return [
            TaskView(
                job,
                chunk,
                chunk.first + offset,
                visible_status(job, chunk, offset),
                chunk.attempts[offset],
                whole,
                outcome,
            )
            for (chunk, offset, outcome), whole in zip(found, inputs, strict=True)
        ]

    def _places(
        self, job: Job, which: TaskFilter, limit: int, start: int
    ) -> tuple[list[tuple[Chunk, int]], int | None, int]:
        """Return the places of up to `limit` tasks, the next index, and the number of rows read."""
        found: list[tuple[Chunk, int]] = []
        numbers, read = self.chunks_with(job, which, start), 0
        step = sizing.chunk_count(limit, job.chunk_size or 1) + 1
        while batch := list(islice(numbers, min(step, READ_AT_ONCE))):
            if read + len(batch) > MOST_ROWS:
                return found, batch[0] * (job.chunk_size or 1), read
            for chunk in self.chunks.get_many(job.id, batch):
                found += [(chunk, offset) for offset in admitted(job, which, chunk, start)]
            read, step = read + len(batch), 2 * step
            if len(found) > limit:
                chunk, offset = found[limit]
                return found[:limit], chunk.first + offset, read
        return found, None, read

    def chunks_with(self, job: Job, which: TaskFilter, start: int) -> Iterator[int]:
        """Return the chunks, from the index `start`, that may contain matching tasks."""
        count = job.task_count or 0
        end = count if which.end is None else min(which.end, count)
        if not job.planned or start >= end:
            return iter(())
        size = job.chunk_size or 1
        numbers = iter(range(start // size, sizing.chunk_count(end, size)))
        sealed = TaskStatus.CANCELLED in which.possible and job.closed
        if sealed or not (which.possible or which.attempts):
            return numbers
        entries = {t.number: t for t in self.jobs.tallies(job.id, range(job.tallies))}
        return (number for number in numbers if _may_hold(job, entries, number, which))

    def _not_created(self, job: Job, index: int) -> TaskView:
        return TaskView(job, None, index, untouched_status(job), 0, job.spec.params, None)

    def outcomes(self, places: Sequence[tuple[Chunk, int]]) -> list[Outcome | None]:
        """Return the latest accepted outcome of each task, None if it has none."""
        keys = part_keys(places)
        parts = self.chunks.parts(keys) if keys else {}
        outcomes = {
            (key.chunk, outcome.index, key): outcome
            for key, part in parts.items()
            for outcome in part
        }
        return [_outcome(outcomes, chunk, offset) for chunk, offset in places]


def part_keys(places: Iterable[tuple[Chunk, int]]) -> set[PartKey]:
    """Return the parts with the latest outcomes of these tasks."""
    return {key for chunk, offset in places if (key := chunk.part_of(offset)) is not None}


def admitted(job: Job, which: TaskFilter, chunk: Chunk, start: int) -> list[int]:
    """Return the positions of the matching tasks of a chunk, from the index `start`."""
    return [
        offset
        for offset in range(max(0, start - chunk.first), chunk.size)
        if which.admits(
            visible_status(job, chunk, offset), chunk.attempts[offset], chunk.first + offset
        )
    ]


def _outcome(
    outcomes: Mapping[tuple[int, int, PartKey], Outcome], chunk: Chunk, offset: int
) -> Outcome | None:
    key = chunk.part_of(offset)
    return None if key is None else outcomes.get((chunk.number, chunk.first + offset, key))


def _may_hold(job: Job, tallies: Mapping[int, Tally], number: int, which: TaskFilter) -> bool:
    tally, slot = address(number, job.chunks)
    entry = tallies[tally].entries.get(slot) if tally in tallies else None
    if entry is None:  # it was never leased
        return not which.attempts and TaskStatus.PENDING in which.possible
    if entry.generation != job.generation or not which.possible:
        return True
    return any(entry.counts[list(TaskStatus).index(status)] for status in which.possible)
