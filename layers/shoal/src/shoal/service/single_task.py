"""Runs single tasks, for people and for workers that do not use chunks.

Protocol step 11 in docs/explanation/architecture.md.
"""

from dataclasses import dataclass, replace

from shoal.domain.chunk import Chunk, CurrentTask, Holder
from shoal.domain.errors import IllegalMove
from shoal.domain.grid import Json
from shoal.domain.outcome import Outcome, TaskError
from shoal.ports.clock import Clock
from shoal.service.lease_answers import ChunkFailed, ChunkRef, LeaseRefused, LeaseRenewal
from shoal.service.leasing import Leasing
from shoal.service.task_queries import TaskQueries, TaskView


@dataclass(frozen=True, slots=True)
class SingleTask:
    """Single tasks. A lease of the chunk starts a task; a report of one outcome ends it."""

    task_queries: TaskQueries
    leasing: Leasing
    clock: Clock

    def running(self, tenant: str, task_id: str, worker: str) -> TaskView:
        """Lease the task's chunk to the worker; raise IllegalMove if it is not free."""
        job, chunk, offset = self.task_queries.find(tenant, task_id)
        if chunk is None:
            raise IllegalMove(f"task {task_id} has not been enqueued yet")
        if not _holds(chunk, worker, self.clock.now()):
            refs = [ChunkRef(job.id, chunk.number)]
            (answer,) = self.leasing.lease(worker, f"task:{worker}", refs, holder=Holder.PERSON)
            if isinstance(answer, ChunkFailed):
                raise answer.error
            if isinstance(answer, LeaseRefused):
                raise IllegalMove(f"task {task_id} cannot be leased: {answer.decision}")
            chunk = answer.chunk
        if offset not in chunk.running:
            status = chunk.status_of(offset)
            raise IllegalMove(f"task {task_id} is {status}")
        self._acknowledge(worker, chunk, offset)
        return self.task_queries.get(tenant, task_id)

    def _acknowledge(self, worker: str, chunk: Chunk, offset: int) -> None:
        """Name the task as the one that the worker runs, as a heartbeat does."""
        task = chunk.first + offset
        named = LeaseRenewal(chunk.job, chunk.number, chunk.epoch, CurrentTask(task, None))
        decision = self.leasing.acknowledge_by_hand(worker, named).decision
        if decision != "extended":
            raise IllegalMove(f"the lease of task {task} is {decision}")

    def complete(self, tenant: str, task_id: str, worker: str, result: Json) -> TaskView:
        """Complete the task with its result."""
        return self._end(tenant, task_id, worker, result, None)

    def failed(self, tenant: str, task_id: str, worker: str, error: TaskError) -> TaskView:
        """Fail the task with an error; it is retried according to the job's policy."""
        return self._end(tenant, task_id, worker, None, error)

    def _end(
        self, tenant: str, task_id: str, worker: str, result: Json, error: TaskError | None
    ) -> TaskView:
        _, chunk, offset = self.task_queries.find(tenant, task_id)
        if chunk is None:
            raise IllegalMove(f"task {task_id} has not been enqueued yet")
        if offset not in chunk.running:
            return self._repeated(tenant, task_id, result, error)
        if chunk.lease is None or chunk.lease.worker != worker:
            raise IllegalMove(f"task {task_id} is not leased to {worker}")
        outcome = Outcome(
            index=chunk.first + offset,
            attempt=chunk.attempts[offset],
            started_at=self.clock.now(),
            duration=0.0,
            result=result,
            error=error,
        )
        decision = self.leasing.report_by_hand(worker, chunk, outcome)
        if decision == "stale":  # another request ended the task, or the lease was lost
            return self._repeated(tenant, task_id, result, error)
        if decision != "accepted":
            raise IllegalMove(f"the report of task {outcome.index} is {decision}")
        return self.task_queries.get(tenant, task_id)

    def _repeated(
        self, tenant: str, task_id: str, result: Json, error: TaskError | None
    ) -> TaskView:
        """Return the same task for a repeated report; raise IllegalMove for a different one."""
        view = self.task_queries.get(tenant, task_id)
        before = view.outcome
        if before is None or before != replace(before, result=result, error=error):
            raise IllegalMove(f"task {task_id} is {view.status}")
        return view


def _holds(chunk: Chunk, worker: str, now: float) -> bool:
    return chunk.leased(now) and chunk.lease is not None and chunk.lease.worker == worker
