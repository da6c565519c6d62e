"""Wires the use-cases to memory, with one method per step of a test."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Literal

from shoal.adapters.memory.blobs import MemoryBlobStore
from shoal.adapters.memory.chunks import MemoryChunkStore
from shoal.adapters.memory.clock import FixedClock, SeededEntropy
from shoal.adapters.memory.jobs import MemoryJobStore
from shoal.adapters.memory.metrics import RecordingMetrics
from shoal.adapters.memory.queues import MemoryTaskQueue
from shoal.adapters.memory.sweeps import MemorySweepStore
from shoal.adapters.memory.task_types import MemoryTypeRegistry
from shoal.adapters.memory.tenants import MemoryTenantStore
from shoal.adapters.memory.windows import MemoryWindowStore
from shoal.adapters.memory.workers import MemoryWorkerStore
from shoal.adapters.memory.workflow import MemoryWorkflow
from shoal.domain.chunk import Chunk, CurrentTask
from shoal.domain.counts import Counts
from shoal.domain.job import Job, Lines, Repeat, Spec
from shoal.domain.limits import Limits
from shoal.domain.outcome import Outcome, OutcomeReport, TaskError
from shoal.ports.task_types import TaskType
from shoal.ports.workflow import Execution, ExecutionStatus
from shoal.service.admission import Admission
from shoal.service.completion import Completion
from shoal.service.flow_control import FlowControl
from shoal.service.inputs import Inputs
from shoal.service.job_control import JobControl
from shoal.service.lease_answers import (
    ChunkFailed,
    ChunkRef,
    LeaseGranted,
    LeaseRefused,
    LeaseRenewal,
    RenewalDecision,
)
from shoal.service.leasing import Leasing
from shoal.service.live_types import LiveTypes
from shoal.service.planning import Planning
from shoal.service.reconciliation import NextStep, PassState, Reconciliation
from shoal.service.recovery import CrashLoopDetector, Recovery
from shoal.service.submission import Submission
from shoal.service.sweep import Sweep
from shoal.service.termination import Termination
from shoal.service.type_mismatch import TypeMismatch
from tests.support.job_workflow import ExecutionId, Functions, run_until_wait

TENANT = "default"
LENGTH = 60.0
BOOM = TaskError("Boom", "boom", retryable=True)
SIZED = {"type": "object", "required": ["size"], "properties": {"size": {"type": "integer"}}}


class ServiceHarness:
    """The use-cases and stores of a job; `job` is the latest submitted one."""

    def __init__(
        self, chunks: MemoryChunkStore | None = None, *, jobs: MemoryJobStore | None = None
    ) -> None:
        self.clock = FixedClock()
        self.jobs = jobs or MemoryJobStore(self.clock)
        self.chunks = chunks or MemoryChunkStore()
        self.tenants = MemoryTenantStore(self.jobs)
        self.queue, self.workflow = MemoryTaskQueue(), MemoryWorkflow()
        self.workers = MemoryWorkerStore()
        self.blobs = MemoryBlobStore()
        self.types = MemoryTypeRegistry(TaskType("noop", {}), TaskType("sized", SIZED))
        self.metrics, entropy = RecordingMetrics(), SeededEntropy()
        self.windows = MemoryWindowStore(self.jobs, self.chunks)
        self.flow_control = FlowControl(self.jobs, self.chunks, self.windows, self.queue)
        self.completion = Completion(
            self.jobs, self.flow_control, self.workflow, self.clock, self.metrics
        )
        self.termination = Termination(self.jobs, self.chunks, self.completion)
        self.submission = Submission(
            self.jobs,
            self.types,
            self.blobs,
            self.workflow,
            self.clock,
            entropy,
            Admission(self.tenants, Limits(), self.clock),
        )
        self.planning = Planning(
            self.jobs,
            self.chunks,
            self.queue,
            self.blobs,
            self.types,
            self.completion,
            self.flow_control,
            self.termination,
            CrashLoopDetector(self.workflow, self.clock),
            self.clock,
        )
        self.leasing = Leasing(
            self.jobs,
            self.chunks,
            self.queue,
            self.types,
            Inputs(self.blobs),
            self.completion,
            TypeMismatch(
                self.chunks,
                self.queue,
                LiveTypes(self.workers, self.clock),
                self.clock,
                entropy,
            ),
            self.clock,
            entropy,
            self.metrics,
            LENGTH,
        )
        self.reconciliation = Reconciliation(
            self.jobs,
            self.chunks,
            self.queue,
            self.workflow,
            self.completion,
            self.flow_control,
            self.termination,
            self.clock,
            LENGTH,
        )
        self.job_control = JobControl(
            self.jobs, self.workflow, self.completion, self.flow_control, self.clock
        )
        self.recovery = Recovery(
            self.jobs, self.chunks, self.queue, self.workflow, self.completion, self.clock
        )
        self.sweeps = MemorySweepStore()
        self.sweep = Sweep(
            self.jobs, self.recovery, self.sweeps, self.clock, self.clock.advance, self.metrics
        )
        self.id = ""
        self._requests = 0

    @property
    def job(self) -> Job:
        found = self.jobs.get(self.id)
        assert found is not None
        return found

    def row(self, number: int = 0) -> Chunk:
        found = self.chunks.get(self.id, number)
        assert found is not None
        return found

    def rows(self) -> list[Chunk]:
        return self.chunks.get_many(self.id, range(self.job.chunks))

    def counted(self) -> Counts:
        """The counts of the job, computed from its rows."""
        return Counts.total([Counts(), *(row.counts for row in self.rows())])

    def submit(
        self,
        count: int = 1,
        *,
        key: str | None = None,
        body: str = "body",
        inputs: Sequence[Mapping[str, Any]] | None = None,
        inputs_uri: str | None = None,
        task_type: str = "noop",
        chunk_size: int | Literal["auto"] = 1,
        **policies: Any,
    ) -> Job:
        given = inputs is not None or inputs_uri is not None
        source = Lines("") if given else Repeat(count)
        spec = Spec(task_type=task_type, source=source, chunk_size=chunk_size, **policies)
        submitted = self.submission.submit(
            TENANT, spec, inputs=inputs, inputs_uri=inputs_uri, key=key, fingerprint=body
        )
        self.id = submitted.job.id
        return submitted.job

    def begin(self, number: int = 1) -> None:
        """Run an execution up to its first wait."""
        execution = ExecutionId(self.id, self.job.generation, number)
        functions = Functions(self.planning, self.reconciliation, self.termination)
        run_until_wait(partial(functions.call, execution))

    def start(self, count: int = 1, **given: Any) -> None:
        self.submit(count, **given)
        self.begin()

    def monitor(self, seen: PassState | None = None, *, passes: int = 0) -> NextStep:
        return self.reconciliation.reconcile(
            self.id, self.job.generation, passes, seen or PassState()
        )

    def sent(self) -> list[int]:
        """Receive all messages; return their chunks."""
        return [message.chunk for message in self.queue.take()]

    def lease(
        self,
        number: int = 0,
        *,
        worker: str = "w",
        request: str | None = None,
        task_types: Sequence[str] | None = None,
    ) -> LeaseGranted | LeaseRefused:
        self._requests += 1
        (answer,) = self.leasing.lease(
            worker, request or f"r{self._requests}", [ChunkRef(self.id, number)], task_types
        )
        if isinstance(answer, ChunkFailed):
            raise answer.error
        return answer

    def granted(self, number: int = 0) -> LeaseGranted:
        answer = self.lease(number)
        assert isinstance(answer, LeaseGranted), answer
        return answer

    def report(
        self,
        lease: LeaseGranted,
        *,
        failed: Sequence[int] = (),
        only: Sequence[int] | None = None,
        number: int = 1,
        final: bool = True,
    ) -> str:
        """Report the tasks of the lease, or some of them; `failed` ones fail."""
        chunk = lease.chunk
        outcomes = [
            Outcome(
                chunk.first + offset,
                chunk.attempts[offset],
                started_at=self.clock.now(),
                duration=2.0,
                error=BOOM if chunk.first + offset in failed else None,
            )
            for offset in lease.offsets
            if only is None or chunk.first + offset in only
        ]
        (answer,) = self.leasing.report(
            self._worker(lease),
            [OutcomeReport(chunk.part_key(chunk.epoch, number), final, outcomes)],
        )
        if isinstance(answer, ChunkFailed):
            raise answer.error
        return answer

    @staticmethod
    def _worker(lease: LeaseGranted) -> str:
        return lease.chunk.lease.worker if lease.chunk.lease is not None else ""

    def heartbeat(self, lease: LeaseGranted, task: int | None = None) -> RenewalDecision:
        chunk = lease.chunk
        current = None if task is None else CurrentTask(task, None)
        (answer,) = self.leasing.heartbeat(
            self._worker(lease), [LeaseRenewal(self.id, chunk.number, chunk.epoch, current)]
        )
        if isinstance(answer, ChunkFailed):
            raise answer.error
        return answer

    def crash(self, task: int | None = None) -> LeaseGranted:
        """Grant the chunk and let its lease lapse; the worker names a task first, if given."""
        answer = self.lease()
        while not isinstance(answer, LeaseGranted):
            assert answer.decision == "held", answer
            self.clock.advance(answer.retry_after or 0.0)
            answer = self.lease()
        if task is not None:
            assert self.heartbeat(answer, task).decision == "extended"
        self.clock.advance(LENGTH)
        return answer

    def drain(self, fails: Callable[[int], bool] = lambda _: False) -> int:
        """Work until no message is left; return the largest number of concurrent leases."""
        waiting, held, most = self.sent(), list[LeaseGranted](), 0
        while waiting or held:
            for number in waiting:
                answer = self.lease(number)
                if isinstance(answer, LeaseGranted):
                    held.append(answer)
            most = max(most, len(held))
            lease = held.pop(0) if held else None
            if lease is not None:
                tasks = [lease.chunk.first + offset for offset in lease.offsets]
                self.report(lease, failed=[task for task in tasks if fails(task)])
            waiting = self.sent()
        return most

    def end(self, number: int, status: ExecutionStatus, decision: str | None = None) -> None:
        """End an execution with a status."""
        output = None if decision is None else {"decision": decision}
        self.workflow.end(
            self.id,
            self.job.generation,
            number,
            Execution(status, self.clock.now(), output, "Boom"),
        )
