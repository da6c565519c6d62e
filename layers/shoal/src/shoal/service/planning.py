"""Plans a job's chunks, creates their rows and tallies, and sends their messages.

Every function is idempotent. Protocol step 2 in docs/explanation/architecture.md.
"""

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from shoal.domain import sizing
from shoal.domain.chunk import Chunk, Span
from shoal.domain.errors import BadInputs, InvalidRequest, NotFound
from shoal.domain.job import Job, Lines, Repeat, Source
from shoal.domain.tally import Tally
from shoal.ports.blobs import BlobStore
from shoal.ports.chunks import ChunkStore
from shoal.ports.clock import Clock
from shoal.ports.jobs import JobStore
from shoal.ports.queues import Message, TaskQueue
from shoal.ports.task_types import TypeRegistry
from shoal.service.completion import Completion
from shoal.service.flow_control import FlowControl
from shoal.service.input_validation import line_checker
from shoal.service.job_updates import Update, read_from, update_job, update_over_version
from shoal.service.recovery import CrashLoopDetector
from shoal.service.retry_selection import positions_to_run
from shoal.service.termination import Termination, row_missing

type Range = tuple[int, int]

_OFFSET_BYTES = 8


@dataclass(frozen=True, slots=True)
class Planning:
    """The use-cases of PlanTasks, CreateTasks and EnqueueTasks."""

    jobs: JobStore
    chunks: ChunkStore
    queue: TaskQueue
    blobs: BlobStore
    types: TypeRegistry
    completion: Completion
    flow_control: FlowControl
    termination: Termination
    crash_loops: CrashLoopDetector
    clock: Clock

    def plan(self, job_id: str, generation: int, number: int) -> list[Range]:
        """Decide the chunks of the job; return the ranges of chunks to create and enqueue.

        There are none if the chunks were already enqueued or if the job has ended, for example
        because of bad inputs.
        """
        job = self._current(job_id, generation)
        if job is None:
            return []
        if number > job.executions:
            job = update_job(self.jobs, job_id, lambda row: _executed(row, generation, number))
        cause = self.crash_loops.cause(job_id, generation, number)
        if cause is not None:
            self.termination.fail(job_id, generation, cause)
            return []
        if job.enqueued_at is not None:
            return []
        if not job.planned:
            try:
                source = self._own_source(job)
                count, size = self._cut(job, source)
            except (InvalidRequest, NotFound) as error:
                self.termination.fail(job_id, generation, str(error))
                return []
            job = update_job(
                self.jobs,
                job_id,
                lambda row: row.plan(count, size, source) if _unplanned(row, generation) else None,
            )
            if not job.may_wait(generation):  # it was stopped in the meantime
                return []
        if isinstance(job.spec.source, Lines):
            self.jobs.count_tasks(job)  # its lines are now read
        return list(sizing.ranges(job.chunks))

    def create(self, job_id: str, generation: int, first: int, count: int) -> None:
        """Create the range's tallies and chunks, or reset the chunks for a later generation."""
        job = self._current(job_id, generation)
        if job is None:
            return
        numbers = range(first, first + count)
        tallies = range(first // sizing.TALLY_CHUNKS, sizing.tally_count(first + count))
        self.jobs.create_tallies(
            [Tally(job_id, number, {}) for number in tallies], expires_at=job.expires_at
        )
        self.chunks.create(list(self._new(job, numbers)))
        if generation > 1:
            for chunk in self.chunks.get_many(job_id, numbers):
                fresh = self._reset(job, chunk)
                if self.completion.tally(job, fresh).is_of_lost_row(fresh):
                    self.termination.fail(job_id, generation, row_missing(chunk.number))
                    return

    def enqueue(self, job_id: str, generation: int, first: int, count: int) -> None:
        """Send the range's messages; with a window, only those of the chunks that it claims.

        Chunks that completed in an earlier generation need none; the monitor counts their ends.

        The job becomes ENQUEUED in the first pass of `Reconciliation.reconcile`, after all ranges
        were sent.
        """
        job = self._current(job_id, generation)
        if job is None:
            return
        end = first + count
        if job.opening is not None:
            window = self.flow_control.open(job)
            end = first if window is None else min(end, window.next)
        if job.paused:
            return
        numbers: Sequence[int] = range(first, end)
        if generation > 1:
            rows = self.chunks.get_many(job_id, numbers)
            numbers = [chunk.number for chunk in rows if not chunk.finished]
        messages = [Message(job_id, number) for number in numbers]
        if messages:
            self.queue.send(job.spec.priority, messages, tenant=job.tenant)

    def _current(self, job_id: str, generation: int) -> Job | None:
        job = self.jobs.get(job_id)
        return job if job is not None and job.may_wait(generation) else None

    def _own_source(self, job: Job) -> Source:
        """Return the job's source; copy lines of an upload or of another job to its own key.

        Objects expire by their age, so a copy lives as long as the rows of the job.
        """
        source = job.spec.source
        if not isinstance(source, Lines) or source.key.startswith(_inputs_prefix(job)):
            return source
        own = f"{_inputs_prefix(job)}{job.fingerprint}.jsonl"
        self.blobs.copy(source.key, own)
        return replace(source, key=own)

    def _cut(self, job: Job, source: Source) -> tuple[int, int]:
        if isinstance(source, Lines):
            offsets = self._read(job, source)
            count = len(offsets) - 1
        else:
            count = source.count if isinstance(source, Repeat) else source.size
        task_type = self.types.get(job.spec.task_type)
        size = job.spec.chunk_size
        if size == "auto":
            mean, batch = (task_type.mean_seconds, task_type.batch) if task_type else (None, None)
            size = sizing.automatic_size(count, mean, batch or 1)
        if sizing.chunk_count(count, size) > sizing.MAX_CHUNKS:
            least = sizing.smallest_size(count)
            raise InvalidRequest(f"chunk_size must be at least {least} for {count} tasks")
        if isinstance(source, Lines):
            bounds = array("Q", offsets[::size])
            if count % size:
                bounds.append(offsets[-1])
            self.blobs.put(_bounds_key(job, size), bounds.tobytes())
        return count, size

    def _read(self, job: Job, source: Lines) -> array[int]:
        """Validate every line; return the offset of each line, and of the end."""
        task_type = self.types.get(job.spec.task_type)
        check = line_checker({} if task_type is None else task_type.schema, job.spec.params)
        offsets, bad, place = array("Q", [0]), dict[int, str](), 0
        for number, line in enumerate(self.blobs.lines(source.key), start=1):
            if number > sizing.MAX_TASKS:
                raise InvalidRequest(f"the inputs must not exceed {sizing.MAX_TASKS:,} lines")
            problem = check(line)
            if problem is not None:
                if len(bad) == BadInputs.SHOWN:
                    raise BadInputs(bad, more=True)
                bad[number] = problem
            place += len(line) + 1
            offsets.append(place)
        if bad:
            raise BadInputs(bad, more=False)
        if place == 0:
            raise InvalidRequest("the inputs are empty")
        return offsets

    def _new(self, job: Job, numbers: range) -> Iterator[Chunk]:
        now, size = self.clock.now(), job.chunk_size or 1
        spans = self._spans(job, numbers)
        for number in numbers:
            chunk = Chunk.new(
                job.id,
                number,
                first=number * size,
                size=job.size_of(number),
                now=now,
                generation=job.generation,
            )
            yield replace(chunk, span=next(spans, None), expires_at=job.expires_at)

    def _spans(self, job: Job, numbers: range) -> Iterator[Span]:
        if not isinstance(job.spec.source, Lines):
            return
        raw = self.blobs.read(
            _bounds_key(job, job.chunk_size or 1),
            numbers.start * _OFFSET_BYTES,
            (len(numbers) + 1) * _OFFSET_BYTES,
        )
        bounds = array("Q", raw)
        for begin, end in zip(bounds, islice(bounds, 1, None), strict=False):
            yield Span(begin, end - begin)

    def _reset(self, job: Job, chunk: Chunk) -> Chunk:
        """Return the chunk in the job's generation; reset it if its generation is older.

        A function can continue after its job was retried, so the row can belong to a later one.
        """

        def move(row: Chunk) -> Chunk | None:
            if row.reached(job.generation):
                return None
            again = positions_to_run(self.chunks, job, row)
            return row.reset(job.generation, self.clock.now(), again=again)

        update: Update[Chunk, Chunk] = update_over_version(
            read_from(chunk, lambda: self.chunks.get(job.id, chunk.number) or chunk),
            move,
            self.chunks.put,
            what=f"chunk {chunk.number} of job {job.id}",
        )
        return update.moved or update.row


def _unplanned(job: Job, generation: int) -> bool:
    return not job.planned and job.may_wait(generation)


def _executed(job: Job, generation: int, number: int) -> Job | None:
    newer = job.generation == generation and job.executions < number
    return job.executed(number) if newer else None


def _inputs_prefix(job: Job) -> str:
    return f"inputs/{job.id}/"


def _bounds_key(job: Job, size: int) -> str:
    """Return the key per chunk size: concurrent plans can choose different sizes, and one wins."""
    return f"{_inputs_prefix(job)}bounds-{size}"
