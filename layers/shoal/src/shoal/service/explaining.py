"""Why jobs and tasks do not run: gathers the facts in bounded reads; the rule is the domain's."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, islice

from shoal.domain.chunk import Chunk
from shoal.domain.counts import Counts
from shoal.domain.job import Job, Priority
from shoal.domain.why import Death, Facts, Reason, TaskFacts, why_job, why_task
from shoal.ports import (
    ChunkStore,
    Clock,
    ExecutionStatus,
    JobStore,
    QueueDepths,
    TypeRegistry,
    Workflow,
)
from shoal.service.ending import READ_AT_ONCE, known_counts, open_chunks
from shoal.service.viewing import Viewing

_ALIVE = frozenset((ExecutionStatus.RUNNING, ExecutionStatus.SUCCEEDED))


@dataclass(frozen=True, slots=True)
class Explaining:
    """Reads only: the job's row, its tallies, up to a hundred chunks; the queues' depths."""

    viewing: Viewing
    jobs: JobStore
    chunks: ChunkStore
    types: TypeRegistry
    workflow: Workflow
    depths: QueueDepths
    clock: Clock

    def job(self, tenant: str, job_id: str) -> list[Reason]:
        """Why a job is not running, or that it is."""
        view = self.viewing.job(tenant, job_id)
        job = view.job
        if not job.live:
            return why_job(Facts(job=job, counts=view.counts, now=self.clock.now()))
        tallies = self.jobs.tallies(job.id, range(job.tallies))
        numbers = islice(chain.from_iterable(open_chunks(job, tallies)), READ_AT_ONCE)
        seen = self.chunks.get_many(job.id, [*numbers])
        return why_job(self._facts(job, known_counts(job, tallies), seen))

    def task(self, tenant: str, task_id: str) -> list[Reason]:
        """Why a task is not running, or that it is."""
        task = self.viewing.task(tenant, task_id)
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
        return Facts(
            job=job,
            counts=counts,
            now=self.clock.now(),
            type_known=self.types.get(job.spec.task_type) is not None,
            death=self._death(job) if job.live else None,
            seen=[chunk for chunk in seen if chunk.generation == job.generation],
            sent=self._sent(job),
            backlog=self._backlog(job.spec.priority) if job.live and counts.pending else None,
        )

    def _death(self, job: Job) -> Death | None:
        found = self.workflow.describe(job.id, job.generation, job.executions)
        if found is None or found.status in _ALIVE:
            return None
        return Death(found.status, found.error, found.stopped_at)

    def _sent(self, job: Job) -> int | None:
        window = job.spec.max_parallelism
        if window is None:
            return None
        return min(job.chunks, self.jobs.cursor(job.id, job.generation) or window)

    def _backlog(self, priority: Priority) -> int:
        depths, order = self.depths.depths(), list(Priority)
        return sum(depths[each].waiting for each in order[: order.index(priority) + 1])
