"""What users see: jobs with their counts, tasks, results."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from heapq import merge
from itertools import accumulate, batched, islice
from typing import NamedTuple

from shoal.domain import ids, sizing
from shoal.domain.chunk import Chunk
from shoal.domain.counts import Counts, TaskStatus
from shoal.domain.errors import IllegalMove, JobNotFound, TaskNotFound
from shoal.domain.grid import Json
from shoal.domain.job import Job
from shoal.domain.job_filter import JobFilter
from shoal.domain.job_version import job_version
from shoal.domain.outcome import Outcome, PartKey
from shoal.domain.page_key import place
from shoal.domain.tally import Tally, address
from shoal.domain.task_filter import TaskFilter
from shoal.ports.chunks import ChunkStore
from shoal.ports.jobs import JobStore
from shoal.service.inputs import Inputs
from shoal.service.termination import READ_AT_ONCE, known_counts

MOST_ROWS = 1_000
"""Rows that one request reads at most; it may give fewer tasks than asked, and a place to go on."""


class JobView(NamedTuple):
    """A job and its tasks by status; `version` grows with every change of either, for good."""

    job: Job
    counts: Counts
    version: int


@dataclass(frozen=True, slots=True)
class TaskView:
    """A task as users see it.

    `outcome` is the latest accepted one; `input` is None if it is too large to show,
    or not kept any more.
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
        """Who runs it."""
        running = self.status is TaskStatus.RUNNING and self.chunk is not None
        return self.chunk.lease.worker if running and self.chunk and self.chunk.lease else None

    @property
    def progress(self) -> float | None:
        """How far it is, if it runs and says so."""
        chunk = self.chunk
        return None if chunk is None else chunk.progress_of(self.index - chunk.first)


class TaskPage(NamedTuple):
    """Some tasks, and the index to go on from (None at the end).

    `read` is how many rows of chunks and of outcomes it took.
    """

    tasks: Sequence[TaskView]
    next_index: int | None
    read: int


@dataclass(frozen=True, slots=True)
class Result:
    """What a task returned."""

    index: int
    result: Json


@dataclass(frozen=True, slots=True)
class Missing:
    """Tasks from `first` to `last`, both included, that have no result, all for the same reason.

    `why` is their status; a COMPLETED one is among them if what it returned is not kept any more.
    """

    first: int
    last: int
    why: TaskStatus

    @property
    def count(self) -> int:
        """How many they are."""
        return self.last - self.first + 1

    def before(self, index: int) -> Missing:
        """Those of them before an index that is behind the first."""
        return replace(self, last=min(self.last, index - 1))


class ResultPage(NamedTuple):
    """Some results, and what is missing between them, both in order of the index.

    `next_index` is where to go on (None at the end): a page tells of each task before it.
    """

    results: Sequence[Result]
    missing: Sequence[Missing]
    next_index: int | None

    def in_order(self) -> Iterator[Result | Missing]:
        """Both, by index."""
        return merge(self.results, self.missing, key=_first)


class JobViews(NamedTuple):
    """Some jobs, newest first, and where the next page begins (None at the end)."""

    jobs: Sequence[JobView]
    next_key: str | None


@dataclass(frozen=True, slots=True)
class Viewing:
    """Reads only; another tenant's things do not exist."""

    jobs: JobStore
    chunks: ChunkStore
    inputs: Inputs

    def job(self, tenant: str, job_id: str) -> JobView:
        """One job."""
        return next(self._views([self._owned(tenant, job_id)]))

    def row(self, tenant: str, job_id: str) -> Job:
        """One job without its counts."""
        return self._owned(tenant, job_id)

    def page(self, tenant: str, which: JobFilter, *, limit: int, start: str | None) -> JobViews:
        """A tenant's jobs that are sought, newest first; fewer than `limit` if rows run out."""
        page = self.jobs.page(tenant, which, limit=limit, start=start)
        shown = page.jobs[: _affordable(page.jobs, MOST_ROWS - page.read)]
        following = page.next_key if len(shown) == len(page.jobs) else place(shown[-1])
        return JobViews([*self._views(shown)], following)

    def task(self, tenant: str, task_id: str) -> TaskView:
        """One task."""
        job, chunk, offset = self.place(tenant, task_id)
        if chunk is None:
            index = ids.parse_task_id(task_id)
            return self._unmade(job, index[1] if index else 0)
        (outcome,) = self.outcomes([(chunk, offset)])
        return self.views(job, [(chunk, offset, outcome)])[0]

    def result(self, tenant: str, task_id: str) -> Result:
        """What a task returned; raise IllegalMove if it did not complete."""
        task = self.task(tenant, task_id)
        if task.status is not TaskStatus.COMPLETED:
            raise IllegalMove(f"the task is {task.status}; only a COMPLETED one has a result")
        return Result(task.index, None if task.outcome is None else task.outcome.result)

    def place(self, tenant: str, task_id: str) -> tuple[Job, Chunk | None, int]:
        """Job, chunk (None if it is not made yet) and position of a task."""
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

    def tasks(
        self, tenant: str, job_id: str, which: TaskFilter, *, limit: int, start: int
    ) -> TaskPage:
        """Tasks that are sought, from the index `start` on; not by their cause."""
        job = self._owned(tenant, job_id)
        places, following, read = self._places(job, which, limit, start)
        read += len(part_keys(places))
        found = zip(places, self.outcomes(places), strict=True)
        tasks = self.views(job, [(*place, outcome) for place, outcome in found])
        return TaskPage(tasks, following, read)

    def views(self, job: Job, found: Sequence[tuple[Chunk, int, Outcome | None]]) -> list[TaskView]:
        """Tasks, each with its latest outcome, as users see them."""
        inputs = self.inputs.whole(job, [(chunk, offset) for chunk, offset, _ in found])
        return [
            TaskView(
                job,
                chunk,
                chunk.first + offset,
                shown(job, chunk, offset),
                chunk.attempts[offset],
                whole,
                outcome,
            )
            for (chunk, offset, outcome), whole in zip(found, inputs, strict=True)
        ]

    def results(self, tenant: str, job_id: str, *, limit: int, start: int) -> ResultPage:
        """Up to `limit` results from the index `start` on, and each task without one by its why."""
        job = self._owned(tenant, job_id)
        places, following = self._resulting(job, limit, start)
        end = (job.task_count or 0) if following is None else following
        completed = [place for place in places if _completed(*place)]
        indices = (chunk.first + offset for chunk, offset in completed)
        outcomes = dict(zip(indices, self.outcomes(completed), strict=True))
        results, missing = [], _Runs(unmade(job), start)
        for chunk, offset in places:
            index = chunk.first + offset
            outcome = outcomes.get(index)
            if outcome is None:
                missing.add(index, shown(job, chunk, offset))
            else:
                missing.until(index)
                results.append(Result(index, outcome.result))
        return ResultPage(results, missing.until(end), following)

    def _resulting(
        self, job: Job, limit: int, start: int
    ) -> tuple[list[tuple[Chunk, int]], int | None]:
        """Every task from `start` on until `limit` have completed, and the index to go on from."""
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

    def _places(
        self, job: Job, which: TaskFilter, limit: int, start: int
    ) -> tuple[list[tuple[Chunk, int]], int | None, int]:
        """Chunk and position of up to `limit` tasks, the index to go on from, and the rows read."""
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

    def _owned(self, tenant: str, job_id: str) -> Job:
        job = self.jobs.get(job_id) if ids.is_job_id(job_id) else None
        if job is None or not job.belongs_to(tenant):
            raise JobNotFound(job_id)
        return job

    def _views(self, jobs: Sequence[Job]) -> Iterator[JobView]:
        tallies = self.jobs.all_tallies(job for job in jobs if job.live)
        for job in jobs:
            known = tallies.get(job.id, ())
            counts = job.counts or known_counts(job, known)
            moves = job.moves or sum(tally.versions for tally in known)
            yield JobView(job, counts, job_version(job.version, moves))

    def chunks_with(self, job: Job, which: TaskFilter, start: int) -> Iterator[int]:
        """The chunks, from the index `start` on, that may hold tasks that are sought."""
        count = job.task_count or 0
        end = count if which.end is None else min(which.end, count)
        if not job.planned or start >= end:
            return iter(())
        size = job.chunk_size or 1
        numbers = iter(range(start // size, sizing.chunk_count(end, size)))
        sealed = TaskStatus.CANCELLED in which.possible and not job.live
        if sealed or not (which.possible or which.attempts):
            return numbers
        entries = {t.number: t for t in self.jobs.tallies(job.id, range(job.tallies))}
        return (number for number in numbers if _may_hold(job, entries, number, which))

    def _unmade(self, job: Job, index: int) -> TaskView:
        return TaskView(job, None, index, unmade(job), 0, job.spec.params, None)

    def outcomes(self, places: Sequence[tuple[Chunk, int]]) -> list[Outcome | None]:
        """The latest accepted outcome of each task, if it has one."""
        keys = part_keys(places)
        parts = self.chunks.parts(keys) if keys else {}
        outcomes = {
            (key.chunk, outcome.index, key): outcome
            for key, part in parts.items()
            for outcome in part
        }
        return [_outcome(outcomes, chunk, offset) for chunk, offset in places]


class _Runs:
    """Tasks without results, in order, as runs of the same why; a task not named is `unnamed`."""

    def __init__(self, unnamed: TaskStatus, start: int) -> None:
        self._unnamed, self._next = unnamed, start
        self._found: list[Missing] = []

    def add(self, index: int, why: TaskStatus) -> None:
        """A task that was looked at and has none."""
        self.until(index)
        self._extend(index, index, why)

    def until(self, index: int) -> Sequence[Missing]:
        """Those before an index whose result is there, or at which the page ends."""
        if self._next < index:
            self._extend(self._next, index - 1, self._unnamed)
        self._next = index + 1
        return self._found

    def _extend(self, first: int, last: int, why: TaskStatus) -> None:
        before = self._found[-1] if self._found else None
        if before is not None and before.why is why and before.last == first - 1:
            self._found[-1] = Missing(before.first, last, why)
        else:
            self._found.append(Missing(first, last, why))


def part_keys(places: Iterable[tuple[Chunk, int]]) -> set[PartKey]:
    """The parts with the latest outcomes of these tasks."""
    return {key for chunk, offset in places if (key := chunk.part_of(offset)) is not None}


def admitted(job: Job, which: TaskFilter, chunk: Chunk, start: int) -> list[int]:
    """The positions in a chunk of the tasks that are sought, from the index `start` on."""
    return [
        offset
        for offset in range(max(0, start - chunk.first), chunk.size)
        if which.admits(shown(job, chunk, offset), chunk.attempts[offset], chunk.first + offset)
    ]


def _outcome(
    outcomes: Mapping[tuple[int, int, PartKey], Outcome], chunk: Chunk, offset: int
) -> Outcome | None:
    key = chunk.part_of(offset)
    return None if key is None else outcomes.get((chunk.number, chunk.first + offset, key))


def _completed(chunk: Chunk, offset: int) -> bool:
    return chunk.status_of(offset) is TaskStatus.COMPLETED


def _first(each: Result | Missing) -> int:
    return each.first if isinstance(each, Missing) else each.index


def _affordable(jobs: Sequence[Job], rows: int) -> int:
    """How many of the jobs have tallies that so many rows hold; one has to be enough."""
    totals = accumulate(job.tallies if job.live else 0 for job in jobs)
    return max(1, sum(total <= rows for total in totals))


def _may_hold(job: Job, tallies: Mapping[int, Tally], number: int, which: TaskFilter) -> bool:
    tally, slot = address(number, job.chunks)
    entry = tallies[tally].entries.get(slot) if tally in tallies else None
    if entry is None:  # it was never leased
        return not which.attempts and TaskStatus.PENDING in which.possible
    if entry.generation != job.generation or not which.possible:
        return True
    return any(entry.counts[list(TaskStatus).index(status)] for status in which.possible)


def shown(job: Job, chunk: Chunk, offset: int) -> TaskStatus:
    """A task's status as users see it.

    One that never ended shows as CANCELLED once its job is closed, and one that did not complete as
    PENDING while its row waits to be begun anew.
    """
    status = chunk.status_of(offset)
    if status is TaskStatus.COMPLETED:
        return status
    if chunk.generation != job.generation:
        return unmade(job)
    ended = status in (TaskStatus.FAILED, TaskStatus.CANCELLED)
    return status if job.live or ended else TaskStatus.CANCELLED


def unmade(job: Job) -> TaskStatus:
    """The status of a task that nobody has touched."""
    return TaskStatus.PENDING if job.live else TaskStatus.CANCELLED
