"""Recovers jobs after a dead execution, a lost message or an interrupted submit.

Never writes a job's status.

Protocol steps 7 and 8 in docs/explanation/architecture.md.
"""

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
    """Detects a workflow that dies repeatedly, so that another start would not help."""

    workflow: Workflow
    clock: Clock

    def cause(self, job_id: str, generation: int, number: int) -> str | None:
        """Return why the job must end, if the last three executions died within an hour."""
        if number <= CRASH_LIMIT:
            return None
        since = self.clock.now() - CRASH_WINDOW_SECONDS
        last = None
        for before in range(number - CRASH_LIMIT, number):
            last = self.workflow.describe(job_id, generation, before)
            if last is None or last.status not in _DIED or (last.stopped_at or 0) < since:
                return None
        error = last.error if last is not None else None
        return f"the workflow died {CRASH_LIMIT} times within an hour: {error or 'unknown cause'}"


@dataclass(frozen=True, slots=True)
class Recovery:
    """The rule that the sweep and ended executions share, and the recovery of dead letters."""

    jobs: JobStore
    chunks: ChunkStore
    queue: TaskQueue
    workflow: Workflow
    completion: Completion
    clock: Clock

    def sweep(self) -> int:
        """Recover every job on the watch list; return the number of jobs."""
        watched = list(self.jobs.marked_open())
        for job_id in watched:
            self.recover(job_id)
        return len(watched)

    def recover(self, job_id: str) -> None:
        """Start the next execution, unless one is running or the last one ended as the job did."""
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
        """Start the next execution, because the last one did not end as the job did."""
        self.workflow.start(job.id, job.generation, number + 1)

    def _stop_watching(self, job_id: str) -> None:
        """Take the job off the watch list, unless it was retried since it was read."""
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
        """Recover a chunk whose message was received too often. Receives are not crashes."""
        job = self.jobs.get(job_id)
        chunk = self.chunks.get(job_id, number)
        if job is None or chunk is None:
            return
        if job.stopping:
            self.completion.wake(job)  # a close may lack its wake
        elif chunk.finished:
            self.completion.settle(job, chunk)
        elif not job.paused:
            self._send_again(job, chunk)

    def _send_again(self, job: Job, chunk: Chunk) -> None:
        now = self.clock.now()
        message = Message(job.id, chunk.number, chunk.due_at(now) - now)
        self.queue.send(job.spec.priority, [message], tenant=job.tenant)


def _keeps_failing(job: Job, number: int) -> bool:
    """Return whether `CRASH_LIMIT` executions after the close did not end as the job did."""
    return not job.live and number >= job.executions + CRASH_LIMIT


def _matches_job(job: Job, last: Execution) -> bool:
    """Return whether the execution ended with the status of the job."""
    if job.live:
        return False
    if job.status is JobStatus.FAILED:
        return last.status is ExecutionStatus.FAILED
    decision = (last.output or {}).get("decision")
    return last.status is ExecutionStatus.SUCCEEDED and decision == job.status.lower()
