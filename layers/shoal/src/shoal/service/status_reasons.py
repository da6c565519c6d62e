"""Collects the facts that explain a status, in bounded reads; `shoal.domain.why` has the rules."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Final

from shoal.domain.audit_event import Action
from shoal.domain.chunk import Chunk
from shoal.domain.counts import Counts
from shoal.domain.job import Job, Priority
from shoal.domain.why import (
    ExecutionFailure,
    Facts,
    MissingWorkers,
    PausedBy,
    Reason,
    TaskFacts,
    why_job,
    why_task,
)
from shoal.domain.workers import Worker, WorkerStatus
from shoal.ports.audit import AuditLog
from shoal.ports.chunks import ChunkStore
from shoal.ports.clock import Clock
from shoal.ports.jobs import JobStore
from shoal.ports.queues import QueueDepths
from shoal.ports.task_types import TypeRegistry
from shoal.ports.workers import WorkerStore
from shoal.ports.workflow import ExecutionStatus, Workflow
from shoal.service.flow_control import FlowControl
from shoal.service.job_queries import JobQueries
from shoal.service.read_limits import READ_AT_ONCE
from shoal.service.task_queries import TaskQueries
from shoal.service.termination import known_counts, open_chunks

_ALIVE = frozenset((ExecutionStatus.RUNNING, ExecutionStatus.SUCCEEDED))
_ABSENT = frozenset((WorkerStatus.LEFT, WorkerStatus.SILENT))
_AUDIT_EVENTS: Final = 100
_PAGE: Final = 100
_PAGES: Final = 5
"""Pages of workers; if there are more, no worker is reported as missing."""


@dataclass(frozen=True, slots=True)
class StatusReasons:
    """Read access to the reasons: the job's row, its tallies, up to 100 chunks, the queue depths.

    In addition up to 500 workers if tasks are waiting, and 100 audit events if the job is paused.
    """

    job_queries: JobQueries
    task_queries: TaskQueries
    jobs: JobStore
    chunks: ChunkStore
    types: TypeRegistry
    workflow: Workflow
    depths: QueueDepths
    clock: Clock
    audit: AuditLog
    worker_store: WorkerStore
    flow_control: FlowControl

    def job(self, tenant: str, job_id: str) -> list[Reason]:
        """Return the reasons for the status of a job."""
        view = self.job_queries.get(tenant, job_id)
        job = view.job
        if job.closed:
            return why_job(Facts(job=job, counts=view.counts, now=self.clock.now()))
        tallies = self.jobs.tallies(job.id, range(job.tallies))
        numbers = islice(chain.from_iterable(open_chunks(job, tallies)), READ_AT_ONCE)
        seen = self.chunks.get_many(job.id, [*numbers])
        return why_job(self._facts(job, known_counts(job, tallies), seen))

    def task(self, tenant: str, task_id: str) -> list[Reason]:
        """Return the reasons for the status of a task."""
        task = self.task_queries.get(tenant, task_id)
        job, chunk, outcome = task.job, task.chunk, task.outcome
        counts = Counts(pending=job.task_count or 0)
        if job.live:
            counts = known_counts(job, self.jobs.tallies(job.id, range(job.tallies)))
        own = TaskFacts(
            chunk=chunk,
            offset=0 if chunk is None else task.index - chunk.first,
            status=task.status,
            error=None if outcome is None else outcome.error,
        )
        return why_task(self._facts(job, counts, () if chunk is None else (chunk,)), own)

    def _facts(self, job: Job, counts: Counts, seen: Sequence[Chunk]) -> Facts:
        waits = job.live and bool(counts.pending or counts.retrying)
        return Facts(
            job=job,
            counts=counts,
            now=self.clock.now(),
            type_known=self.types.get(job.spec.task_type) is not None,
            execution_failure=self._execution_failure(job) if job.live else None,
            seen=[chunk for chunk in seen if chunk.generation == job.generation],
            sent=self._sent(job),
            backlog=self._backlog(job.spec.priority) if job.live and counts.pending else None,
            missing_workers=self._missing_workers(job.spec.task_type) if waits else None,
            paused_by=self._paused_by(job.id) if job.live and job.paused else None,
        )

    def _missing_workers(self, task_type: str) -> MissingWorkers | None:
        """Return the missing workers of a type; None if there is a worker, or if it is unknown."""
        absent, start = list[Worker](), None
        now = self.clock.now()
        for _ in range(_PAGES):
            page = self.worker_store.page(limit=_PAGE, start=start)
            offering = [worker for worker in page.workers if task_type in worker.types]
            if any(worker.status(now) not in _ABSENT for worker in offering):
                return None
            absent += offering
            start = page.next_key
            if start is None:
                break
        if start is not None or not absent:
            return None
        left = sum(worker.left for worker in absent)
        return MissingWorkers(left, len(absent) - left, max(worker.seen_at for worker in absent))

    def _paused_by(self, job_id: str) -> PausedBy | None:
        """Return who paused the job last, unless a later resume is known."""
        for event in self.audit.of_job(job_id, limit=_AUDIT_EVENTS, start=None).events:
            if event.action in (Action.PAUSE, Action.RESUME):
                return PausedBy(event.who, event.at) if event.action is Action.PAUSE else None
        return None

    def _execution_failure(self, job: Job) -> ExecutionFailure | None:
        found = self.workflow.describe(job.id, job.generation, job.executions)
        if found is None or found.status in _ALIVE:
            return None
        return ExecutionFailure(found.status, found.error, found.stopped_at)

    def _sent(self, job: Job) -> int | None:
        if job.opening is None or job.spec.max_parallelism is None:
            return None
        return min(job.chunks, self.flow_control.claimed(job) or job.opening)

    def _backlog(self, priority: Priority) -> int:
        depths, order = self.depths.depths(), list(Priority)
        return sum(depths[each].waiting for each in order[: order.index(priority) + 1])
