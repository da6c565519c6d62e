"""Compares the counts of a job with a recount of its rows and parts.

It reads through the ports, so it works on the twin and on the simulated platform of the chaos
tests. A finding is a sentence. If there are no findings, the delivery invariants hold.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import batched, pairwise

from shoal.domain.chunk import Chunk
from shoal.domain.counts import Counts, TaskStatus
from shoal.domain.job import Job, JobStatus
from shoal.domain.outcome import Outcome, PartKey
from shoal.domain.tally import Entry, address
from shoal.ports.chunks import ChunkStore
from shoal.ports.jobs import JobStore
from shoal.ports.workflow import ExecutionStatus, Workflow

READ_AT_ONCE = 1_000
_DONE = frozenset((TaskStatus.COMPLETED, TaskStatus.FAILED))


@dataclass(frozen=True, slots=True)
class ConsistencyChecker:
    """Checks jobs that are closed and have no operation in progress."""

    jobs: JobStore
    chunks: ChunkStore
    workflow: Workflow

    def check(self, job_id: str) -> list[str]:
        """Returns the findings about a job; empty if it is consistent."""
        job = self.jobs.get(job_id)
        if job is None:
            return [f"{job_id} does not exist"]
        if job.live:
            return [f"{job_id} is {job.status}, not closed"]
        return [*self._rows(job), *self._execution(job)]

    def _rows(self, job: Job) -> Iterator[str]:
        recount, made = Counts(), 0
        entries = self._entries(job)
        for numbers in batched(range(job.chunks), READ_AT_ONCE, strict=False):
            rows = self.chunks.get_many(job.id, numbers)
            parts = self.chunks.parts({key for chunk in rows for key in _keys(chunk)})
            for chunk in rows:
                made += chunk.size
                recount = Counts.total((recount, _counts(job, chunk)))
                yield from _row(job, chunk, parts)
                if job.ending is None:
                    yield from _tallied(chunk, entries.get(chunk.number))
        recount = recount._replace(pending=recount.pending + (job.task_count or 0) - made)
        if job.ending is None and (recount.open or made != job.task_count):
            yield f"closed as {job.status} with {recount.open} open tasks and {made} tasks in rows"
        if job.counts != recount.after_close():
            yield f"the job has {job.counts}, its rows {recount.after_close()}"
        if job.ending is None and job.verdict(recount)[0] is not job.status:
            yield f"closed as {job.status}, but according to its rows {job.verdict(recount)[0]}"
        if job.ending is None:
            yield from self._sums(job, recount)

    def _entries(self, job: Job) -> Mapping[int, Entry]:
        tallies = {t.number: t.entries for t in self.jobs.tallies(job.id, range(job.tallies))}
        places = {number: address(number, job.chunks) for number in range(job.chunks)}
        return {
            number: tallies[tally][slot]
            for number, (tally, slot) in places.items()
            if slot in tallies.get(tally, {})
        }

    def _sums(self, job: Job, recount: Counts) -> Iterator[str]:
        sums = self.jobs.sums(job.id, job.generation)
        summed = Counts.total([Counts(), *(each.counts for each in sums.values())])
        if summed != recount:
            yield f"the sums have {summed}, the rows {recount}"

    def _execution(self, job: Job) -> Iterator[str]:
        number = job.executions
        last = self.workflow.describe(job.id, job.generation, number)
        while following := self.workflow.describe(job.id, job.generation, number + 1):
            number, last = number + 1, following
        if job.outcomes.get(job.generation) is not job.status:
            yield f"generation {job.generation} has outcome {job.outcomes.get(job.generation)}"
        status = None if last is None else last.status
        if job.status is JobStatus.FAILED:
            agree = status is ExecutionStatus.FAILED
        else:
            output = (last.output if last is not None else None) or {}
            agree = (
                status is ExecutionStatus.SUCCEEDED and output.get("decision") == job.status.lower()
            )
        if not agree:
            yield f"closed as {job.status}, but execution {number} of its generation is {status}"


def _counts(job: Job, chunk: Chunk) -> Counts:
    """Counts tasks by status. A chunk of an earlier generation counts its COMPLETED tasks."""
    if chunk.generation == job.generation:
        return chunk.counts
    kept = chunk.counts.completed
    return Counts(completed=kept, pending=chunk.size - kept)


def _tallied(chunk: Chunk, entry: Entry | None) -> Iterator[str]:
    if entry is None or entry[::2] != Entry.of(chunk)[::2] or entry.version > chunk.version:
        yield f"chunk {chunk.number}: the tally has {entry}, the row {Entry.of(chunk)}"


def _keys(chunk: Chunk) -> Iterator[PartKey]:
    return (chunk.part_key(part.epoch, part.report) for part in chunk.parts)


def _row(job: Job, chunk: Chunk, parts: Mapping[PartKey, Sequence[Outcome]]) -> Iterator[str]:
    name = f"chunk {chunk.number}"
    if chunk.first != chunk.number * (job.chunk_size or 0) or chunk.size != job.size_of(
        chunk.number
    ):
        yield f"{name} has tasks {chunk.first} to {chunk.first + chunk.size - 1}"
    if chunk.generation != job.generation and job.ending is None:
        yield f"{name} has generation {chunk.generation}, the job {job.generation}"
    if any(later.epoch < earlier.epoch for earlier, later in pairwise(chunk.parts)):
        yield f"{name}: a part of an older epoch was accepted after a part of a later epoch"
    if (
        job.ending is None
        and job.generation == 1
        and (not chunk.parts or chunk.parts[-1].epoch != chunk.epoch)
    ):
        yield f"{name} ended at epoch {chunk.epoch} with no part of the worker that held it"
    for key in _keys(chunk):
        if key not in parts:
            yield f"{name}: accepted part {key} does not exist"
    yield from _tasks(chunk, parts)


def _tasks(chunk: Chunk, parts: Mapping[PartKey, Sequence[Outcome]]) -> Iterator[str]:
    ended = Counter(
        outcome.index
        for part in chunk.parts
        for outcome in parts.get(chunk.part_key(part.epoch, part.report), ())
        if outcome.error is None and part.holds(outcome.index - chunk.first)
    )
    for offset in range(chunk.size):
        index, status = chunk.first + offset, chunk.status_of(offset)
        once = int(status is TaskStatus.COMPLETED)
        if ended[index] != once:
            yield f"task {index} is {status}, but has completed {ended[index]} times"
        if status not in _DONE:
            continue
        key = chunk.part_of(offset)
        outcome = next((o for o in parts.get(key, ()) if o.index == index), None) if key else None
        if outcome is None:
            yield f"task {index} is {status}, but no part contains its outcome"
        elif (outcome.error is None) != (status is TaskStatus.COMPLETED):
            yield f"task {index} is {status}, but its outcome differs"
        elif outcome.attempt != chunk.attempts[offset]:
            yield f"task {index} ended in attempt {outcome.attempt}, not {chunk.attempts[offset]}"
