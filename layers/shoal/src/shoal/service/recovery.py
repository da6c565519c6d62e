"""What mends a job whose execution, message or submit died. None of it writes a job's status."""

from dataclasses import dataclass
from typing import Final

from shoal.domain.chunk import Chunk
from shoal.domain.job import Job, JobStatus
from shoal.ports.chunks import ChunkStore
from shoal.ports.clock import Clock
from shoal.ports.jobs import JobStore
from shoal.ports.queues import Message, TaskQueue
from shoal.ports.workflow import Execution, ExecutionStatus, Workflow
from shoal.service.completion import Completion

CRASH_LIMIT: Final = 3
CRASH_WINDOW_SECONDS: Final = 3_600.0
_DIED = frozenset((ExecutionStatus.FAILED, ExecutionStatus.TIMED_OUT, ExecutionStatus.ABORTED))


@dataclass(frozen=True, slots=True)
class CrashLoopDetector:
    """Knows when a workflow dies again and again, so that another start would not help."""

    workflow: Workflow
    clock: Clock

    def cause(self, job_id: str, generation: int, number: int) -> str | None:
        """Why the job must end, if the three executions before this one died within the hour."""
        if number <= CRASH_LIMIT:
            return None
        since = self.clock.now() - CRASH_WINDOW_SECONDS
        last = None
        for before in range(number - CRASH_LIMIT, number):
            last = self.workflow.describe(job_id, generation, before)
            if last is None or last.status not in _DIED or (last.stopped_at or 0) < since:
                return None
        error = last.error if last is not None else None
        return f"the workflow died {CRASH_LIMIT} times within an hour: {error or 'no cause given'}"


@dataclass(frozen=True, slots=True)
class Recovery:
    """The one rule of the sweep and of ended executions, and what becomes of dead letters."""

    jobs: JobStore
    chunks: ChunkStore
    queue: TaskQueue
    workflow: Workflow
    completion: Completion
    clock: Clock

    def sweep(self) -> int:
        """Look after every job that somebody has to watch; how many there are."""
        watched = list(self.jobs.marked_open())
        for job_id in watched:
            self.recover(job_id)
        return len(watched)

    def recover(self, job_id: str) -> None:
        """Start the next execution, unless one runs or the last one and the closed job agree."""
        job = self.jobs.get(job_id)
        if job is None:
            self.jobs.unmark_open(job_id)
            return
        number, last = self._last(job)
        if last is None:
            self.workflow.start(job_id, job.generation, number)
        elif last.status is not ExecutionStatus.RUNNING:
            if _matches_job(job, last) or _keeps_failing(job, number):
                self._stop_watching(job_id)
            else:
                self._start_next(job, number)

    def _start_next(self, job: Job, number: int) -> None:
        """Start the next execution: the last one ended, and the job did not end with it."""
        self.workflow.start(job.id, job.generation, number + 1)

    def _stop_watching(self, job_id: str) -> None:
        """Nobody has to watch it any more, unless it was retried since it was read."""
        self.jobs.unmark_open(job_id)
        job = self.jobs.get(job_id)
        if job is not None and job.live:
            self.jobs.mark_open(job)

    def _last(self, job: Job) -> tuple[int, Execution | None]:
        number = job.executions
        last = self.workflow.describe(job.id, job.generation, number)
        while last is not None:
            following = self.workflow.describe(job.id, job.generation, number + 1)
            if following is None:
                break
            number, last = number + 1, following
        return number, last

    def dead_letter(self, job_id: str, number: int) -> None:
        """See to a chunk whose message was received too often: receives are not crashes."""
        job = self.jobs.get(job_id)
        chunk = self.chunks.get(job_id, number)
        if job is None or chunk is None:
            return
        if job.stopping:
            self.completion.wake(job)  # it may have been closed by who died before waking anybody
        elif chunk.finished:
            self.completion.settle(job, chunk)
        elif not job.paused:
            self._send_again(job, chunk)

    def _send_again(self, job: Job, chunk: Chunk) -> None:
        now = self.clock.now()
        message = Message(job.id, chunk.number, chunk.due_at(now) - now)
        self.queue.send(job.spec.priority, [message], tenant=job.tenant)


def _keeps_failing(job: Job, number: int) -> bool:
    """Whether executions begun after the job was closed end otherwise again and again."""
    return not job.live and number >= job.executions + CRASH_LIMIT


def _matches_job(job: Job, last: Execution) -> bool:
    """Whether the execution ended as the job did."""
    if job.live:
        return False
    if job.status is JobStatus.FAILED:
        return last.status is ExecutionStatus.FAILED
    said = (last.output or {}).get("decision")
    return last.status is ExecutionStatus.SUCCEEDED and said == job.status.lower()
