"""The real use-cases, wired to a tape, by their names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, cast

from shoal.domain.canary import Canary
from shoal.domain.cause import Cause
from shoal.domain.chunk import CurrentTask, Holder
from shoal.domain.limits import Limits
from shoal.domain.outcome import Outcome, OutcomeReport, PartKey
from shoal.domain.selection import Selection
from shoal.ports.blobs import BlobStore
from shoal.ports.jobs import JobStore
from shoal.ports.sweeps import SweepStore
from shoal.ports.task_types import TypeRegistry
from shoal.ports.tenants import TenantStore
from shoal.service.admission import Admission
from shoal.service.completion import Completion
from shoal.service.flow_control import FlowControl
from shoal.service.inputs import Inputs
from shoal.service.job_control import JobControl
from shoal.service.lease_answers import ChunkRef, LeaseRenewal
from shoal.service.leasing import Leasing
from shoal.service.planning import Planning
from shoal.service.reconciliation import Reconciliation
from shoal.service.recovery import CrashLoopDetector, Recovery
from shoal.service.submission import Submission
from shoal.service.sweep import Sweep
from shoal.service.termination import Termination
from shoal.service.type_mismatch import TypeMismatch
from tests.model.replay import (
    Tape,
    TapedChunks,
    TapedJobs,
    TapedQueue,
    TapedSweeps,
    TapedTenants,
    TapedTypes,
    TapedWindows,
    TapedWorkflow,
    UseCase,
)
from tests.model.scenarios import Scenario, error_type
from tests.support.job_workflow import State

TENANT = "default"
LEASE = 1.0
NEVER = 1e12
SOME = Selection(Cause("noop", error_type(1), "boom").fingerprint)
"""Selects the task with index 1."""
FIRST = Selection(runs=((0, 1),))
FEW = Canary(share=0.5, bar=1.0, chosen=Selection(), tried=1, more=True, completed=0, generation=2)
"""A canary of the task with index 0; the others follow."""


class Held(NamedTuple):
    """The lease of a worker; its tasks are pairs of index and attempt."""

    worker: str
    chunk: int
    epoch: int
    generation: int
    token: str | None
    tasks: tuple[tuple[int, int], ...]
    reported: int = 0


def runner(tape: Tape, scenario: Scenario, job_id: str) -> Callable[[UseCase], Any]:
    """Return a function that runs a use-case on the tape."""
    jobs = cast("JobStore", TapedJobs(tape, unreadable=scenario.unreadable))
    chunks: Any = TapedChunks(tape)
    queue, workflow = TapedQueue(tape), TapedWorkflow(tape)
    types = cast("TypeRegistry", TapedTypes())
    blobs = cast("BlobStore", None)
    flow_control = FlowControl(jobs, chunks, TapedWindows(tape), queue)
    completion = Completion(jobs, flow_control, workflow, tape, tape)
    termination = Termination(jobs, chunks, completion)
    planning = Planning(
        jobs,
        chunks,
        queue,
        blobs,
        types,
        completion,
        flow_control,
        termination,
        CrashLoopDetector(workflow, tape),
        tape,
    )
    patience = LEASE if scenario.age_net else NEVER
    reconciliation = Reconciliation(
        jobs, chunks, queue, workflow, completion, flow_control, termination, tape, patience
    )
    leasing = Leasing(
        jobs,
        chunks,
        queue,
        types,
        Inputs(blobs),
        completion,
        cast("TypeMismatch", None),
        tape,
        tape,
        tape,
        LEASE,
    )
    job_control = JobControl(jobs, workflow, completion, flow_control, tape)
    recovery = Recovery(jobs, chunks, queue, workflow, completion, tape)
    sweep = Sweep(jobs, recovery, cast("SweepStore", TapedSweeps()), tape, lambda _: None, tape)
    admission = Admission(cast("TenantStore", TapedTenants(tape)), Limits(retention_days=0), tape)
    submission = Submission(jobs, types, blobs, workflow, tape, tape, admission)

    def report(held: Held, number: int, final: bool, outcomes: tuple[Outcome, ...]) -> Any:  # noqa: FBT001
        key = PartKey(job_id, held.chunk, held.epoch, number)
        return leasing.report(held.worker, [OutcomeReport(key, final, outcomes, token=held.token)])

    def beat(held: Held) -> Any:
        hand = CurrentTask(held.tasks[0][0], None)
        renewal = LeaseRenewal(job_id, held.chunk, held.epoch, hand, held.token)
        return leasing.heartbeat(held.worker, [renewal])

    def lease(worker: str, request: str, chunk: int) -> Any:
        return leasing.lease(worker, request, [ChunkRef(job_id, chunk)], holder=Holder.WORKER)

    table: dict[str, Callable[..., Any]] = {
        "submit": lambda: submission.submit(TENANT, scenario.spec, key="key", fingerprint="body"),
        "cancel": lambda: job_control.cancel(TENANT, job_id),
        "narrow": lambda: job_control.change(TENANT, job_id, {"max_parallelism": 1}),
        "widen": lambda: job_control.change(TENANT, job_id, {"max_parallelism": 2}),
        "open": lambda: job_control.change(TENANT, job_id, {"max_parallelism": None}),
        "pause": lambda: job_control.pause(TENANT, job_id),
        "resume": lambda: job_control.resume(TENANT, job_id),
        "retry": lambda: job_control.retry(TENANT, job_id),
        "retry a few first": lambda: job_control.retry(TENANT, job_id, FIRST, FEW),
        "retry some": lambda: job_control.retry(TENANT, job_id, SOME),
        State.PLAN: lambda g, n: planning.plan(job_id, g, n),
        State.CREATE: lambda g, first, count: planning.create(job_id, g, first, count),
        State.ENQUEUE: lambda g, first, count: planning.enqueue(job_id, g, first, count),
        State.MONITOR: lambda g, passes, seen: reconciliation.reconcile(job_id, g, passes, seen),
        State.WAIT: lambda g, token: reconciliation.wait(job_id, g, token),
        State.FAIL: lambda g: termination.fail(job_id, g, "the workflow failed"),
        "lease": lease,
        "report": report,
        "heartbeat": beat,
        "recover": lambda: recovery.recover(job_id),
        "sweep": sweep.run,
        "bury": lambda chunk: recovery.dead_letter(job_id, chunk),
    }
    return lambda use_case: table[use_case.name](*use_case.args)
