"""Recovers jobs after a dead execution, a lost message or an interrupted submit.

Never writes a job's status.

Protocol steps 7 and 8 in docs/explanation/architecture.md.
"""

from dataclasses import dataclass
from typing import Final

from shoal.domain.chunk import Chunk
from shoal.domain.job import Job, JobStatus
from shoal.domain.watch_line import WatchLine
from shoal.ports.chunks import ChunkStore
from shoal.ports.clock import Clock
from shoal.ports.jobs import JobStore
from shoal.ports.queues import Message, TaskQueue
from shoal.ports.workflow import Execution, ExecutionStatus, Workflow
from shoal.service.completion import Completion
from shoal.service.job_updates import require_known

CRASH_LIMIT: Final = 3
CRASH_WINDOW_SECONDS: Final = 3_600.0
ALIVE_SECONDS: Final = 120.0
"""An execution that waited at most this long ago counts as running. It waits at most 60 s."""
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

    def recover(self, job_id: str) -> None:
        """Start the next execution, unless one is running or the last one ended as the job did."""
        line = self.jobs.watch_line(job_id)
        self._recover(self.jobs.get(job_id), job_id, line)

    def recover_watched(self, line: WatchLine) -> bool:
        """Recover the job of a line, as `recover` does; return whether executions were looked up.

        A job whose execution waited a moment ago needs no look-up.
        """
        job = self.jobs.get(line.job_id)
        if job is not None and job.live and self.clock.now() - job.waited_at < ALIVE_SECONDS:
            return False
        self._recover(job, line.job_id, line)
        return job is not None

    def _recover(self, job: Job | None, job_id: str, line: WatchLine | None) -> None:
        """Apply the rule to a job that was read after its line."""
        if job is None:
            self._let_go(line)
            return
        require_known(job)
        number, last = self._last(job)
        if last is None:
            self.workflow.start(job_id, job.generation, number)
        elif last.status is not ExecutionStatus.RUNNING:
            if _matches_job(job, last) or _keeps_failing(job, number):
                self._let_go(line)
            else:
                self._start_next(job, number)

    def _start_next(self, job: Job, number: int) -> None:
        """Start the next execution, because the last one did not end as the job did."""
        self.workflow.start(job.id, job.generation, number + 1)

    def _let_go(self, line: WatchLine | None) -> None:
        """Take the job off the watch list, unless it became live since its line was read."""
        if line is not None:
            self.jobs.stop_watching(line)

    def _last(self, job: Job) -> tuple[int, Execution | None]:
        """Return the last execution of the generation, and its number."""
        number = job.executions
        last = self.workflow.describe(job.id, job.generation, number)
        while last is not None and last.status is not ExecutionStatus.RUNNING:
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
        require_known(job)
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
