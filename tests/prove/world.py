"""One run: the use-cases wired to memory, and everything around them that calls them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, fields
from typing import Any, Final
from unittest.mock import patch

from handlers import log
from shoal import bootstrap
from shoal.adapters.memory.live import MemoryConnections, MemoryLiveStore
from shoal.bootstrap.memory import in_memory
from shoal.bootstrap.wiring import Adapters
from shoal.domain import sizing
from shoal.domain.chunk import Chunk
from shoal.domain.webhook import Webhook
from shoal.ports.task_types import TaskType
from shoal.service import reconciliation
from tests.prove.answers import Answers
from tests.prove.decisions import Decisions
from tests.prove.faults import Fault, Faults
from tests.prove.functions import Lambda
from tests.prove.gateway import Gateway
from tests.prove.intruder import CHANGES_NOTHING, Intruder
from tests.prove.laws import Laws
from tests.prove.laws_at_rest import LawsAtRest
from tests.prove.pods import Pod, PodWorld, threads_of
from tests.prove.ports import Calls, around
from tests.prove.queue_service import Letter, QueueService
from tests.prove.scripts import Scripts
from tests.prove.simulation import Simulation
from tests.prove.stores import Bucket, WatchedChunkStore, WatchedJobStore, WatchedWindowStore
from tests.prove.streams import Streams
from tests.prove.threads import Executor
from tests.prove.trace import Trace
from tests.prove.users import MANUAL, User
from tests.prove.viewers import Viewer
from tests.prove.workflow_service import (
    BulkRuns,
    ExportRuns,
    JobWorkflow,
    Run,
    WorkflowService,
)

LEASE: Final = 60.0
WAIT: Final = 60.0
SWEEP: Final = 300.0
TYPES: Final = frozenset(("noop", "sleep", "container"))
_RESULTS: Final = "results"
_DEAD_VISIBILITY: Final = 360.0
_ASYNC_RETRIES: Final = 2
_VALUES: Final = frozenset(
    (
        *("clock", "entropy", "executor", "sleep", "metrics", "limits", "live_url", "lease"),
        *("retention", "local_webhooks", "events"),
    )
)
"""Dependencies of the use-cases other than services."""


class _Clock:
    """The clock of functions."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation

    def now(self) -> float:
        return self._simulation.now


class _Entropy:
    """Randomness of functions; ids differ in every draw, jitter is decided."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self._numbers = itertools.count(1)

    def bytes(self) -> bytes:
        return next(self._numbers).to_bytes(10)

    def uniform(self) -> float:
        actor = self._simulation.current
        assert actor is not None
        return self._simulation.decisions.between(f"{actor.name} jitter", 0.0, 0.999)


@dataclass(slots=True, kw_only=True)
class Sizes:
    """Constants that are smaller in a run, so that few chunks reach the same branches."""

    tally_chunks: int = 64
    range_chunks: int = 500
    hand_over_passes: int = 1_000

    @staticmethod
    def drawn(decisions: Decisions) -> Sizes:
        """The state of one run."""
        who = "sizes"
        return Sizes(
            tally_chunks=(64, 2, 1)[decisions.integer(who, 0, 2)],
            range_chunks=(500, 2, 3)[decisions.integer(who, 0, 2)],
            hand_over_passes=(1_000, 1_000, 3)[decisions.integer(who, 0, 2)],
        )


class _NoTraceback:
    """Replaces the module `traceback`, which takes long."""

    @staticmethod
    def format_exception(error: BaseException) -> list[str]:
        return [repr(error)]


class Sockets(MemoryConnections):
    """Live connections that close at any moment."""

    def __init__(self, faults: Faults) -> None:
        super().__init__()
        self._faults = faults

    def post(self, connection_id: str, message: str) -> bool:
        if self._faults.strikes(Fault.SOCKET_CLOSED, connection_id):
            self.gone.add(connection_id)
        return super().post(connection_id, message)


@dataclass(kw_only=True)
class World:
    """Everything of one run."""

    decisions: Decisions
    faults: Faults
    sizes: Sizes
    simulation: Simulation = field(init=False)
    trace: Trace = field(init=False)

    def __post_init__(self) -> None:
        simulation = self.simulation = Simulation(self.decisions)
        trace = self.trace = Trace()
        faults = self.faults
        self.laws = Laws(simulation, trace, lease=LEASE)
        self.laws_at_rest = LawsAtRest(self.laws)
        self.functions = Lambda(simulation, faults, trace)
        self.functions.frozen = self._frozen
        self.gateway = Gateway(simulation, faults, self.functions, trace, self.laws)
        self.queue = QueueService(simulation, faults, trace)
        self.workflow = WorkflowService(
            simulation, faults, self.functions, trace, wait_seconds=WAIT
        )
        self.workflow.ended = self._execution_ended
        self.workflow.reached = self._state_entered
        self.calls = Calls(simulation, faults, trace)
        self.scripts = Scripts(self.decisions)
        self.results = Bucket(_RESULTS, self._now)
        self.inputs = Bucket("inputs", self._now)
        self.jobs = WatchedJobStore(self.laws, _Clock(simulation))
        self.chunks = WatchedChunkStore(self.laws, self.results)
        self.windows = WatchedWindowStore(self.laws, self.jobs, self.chunks)
        self.pods = PodWorld(
            simulation=simulation,
            faults=faults,
            trace=trace,
            gateway=self.gateway,
            queue=self.queue,
            scripts=self.scripts,
            bucket=self._bucket,
            lease=LEASE,
            began=self.laws.task_began,
        )
        self.streams = Streams(simulation, faults, self.functions, self.calls, trace)
        self.jobs.changed = self.streams.changed
        self.connections = Sockets(faults)
        self.adapters = self._adapters()
        self._pod_numbers = itertools.count(1)
        self.users: list[User] = []
        self.viewers: list[Viewer] = []
        self.first_webhooks: set[str] = set()
        """The addresses of webhooks that were created before the first job."""
        simulation.preempt = self._preempt
        self.laws.job_of = self.jobs.row
        self.answers, self.intruder = Answers(self), Intruder(self)
        self.gateway.told = self._told
        self.calls.forged = self._forged
        self.queue.generation_of = self._generation_of
        self.laws.type_of = self._type_of
        self.laws.types_of = self._types_of

    def _told(self, noun: str, asked: Any, answer: Any) -> None:
        self.answers.told(noun, asked, answer)
        self.intruder.heard(noun, asked, answer)

    def _forged(self, what: str) -> None:
        self.laws.broken(CHANGES_NOTHING, what)

    def _state_entered(self, state: str) -> None:
        self.laws.branches[state] += 1
        self.laws.requests["bulk"] += state.startswith("state machine bulk")

    def _preempt(self) -> None:
        """Freeze a thread of a worker when it acquires a lock."""
        actor = self.simulation.current
        if actor is not None and self.faults.strikes(Fault.PREEMPTED, actor.name):
            seconds = self.faults.between(actor.name, 0.001, 5.0)
            self.trace.add(self.simulation.now, actor.name, "is preempted", fault="preempted")
            self.simulation.sleep(seconds)

    def _type_of(self, job_id: str) -> str:
        job = self.jobs.row(job_id)
        return "" if job is None else job.spec.task_type

    def _generation_of(self, job_id: str) -> int:
        job = self.jobs.row(job_id)
        return 0 if job is None else job.generation

    def _types_of(self, worker: str) -> frozenset[str]:
        pods = [pod for pod in self.pods.pods if pod.name == worker]
        return frozenset(name for pod in pods for name in pod.fork_client.types)

    def chunk_of(self, job_id: str, index: int) -> Chunk | None:
        """The chunk that has a task, if it is made."""
        for chunk in self.chunks.of(job_id):
            if chunk.first <= index < chunk.first + chunk.size:
                return chunk
        return None

    def _bucket(self, name: str) -> Bucket:
        return self.results if name == _RESULTS else self.inputs

    def _now(self) -> float:
        return self.simulation.now

    def _frozen(self, function: str) -> None:
        self.laws.branches[f"{function} stalls"] += 1

    def _adapters(self) -> Adapters:
        """All adapters in memory; those that are services elsewhere are called as such."""
        types = [TaskType(name, {"type": "object"}) for name in sorted(TYPES | {MANUAL})]
        memory = in_memory(*types, jobs=self.jobs, chunks=self.chunks)
        self.webhooks = memory.webhooks
        self.bulk = memory.bulk
        self.export_files = memory.export_files
        services = {each.name: getattr(memory, each.name) for each in fields(Adapters)}
        services |= {
            "windows": self.windows,
            "queue": self.queue,
            "depths": self.queue,
            "workflow": JobWorkflow(self.workflow),
            "blobs": self.inputs,
            "bulk_runs": BulkRuns(self.workflow),
            "export_runs": ExportRuns(self.workflow),
            "events": self.streams.bus,
            "delivery_queue": self.streams.deliveries,
            "webhook_poster": self.streams.deliveries,
            "live": MemoryLiveStore(_Clock(self.simulation)),
            "connections": self.connections,
        }
        called = {
            name: service if name in _VALUES else around(self.calls, name, service)
            for name, service in services.items()
        }
        return Adapters(
            **called
            | {
                "clock": _Clock(self.simulation),
                "entropy": _Entropy(self.simulation),
                "executor": Executor(self.simulation),
                "sleep": self.simulation.sleep,
                "lease": LEASE,
            }
        )

    @contextmanager
    def wired(self) -> Iterator[None]:
        """Connect the handlers and the worker's modules to this world."""

        def note(level: str, message: str, about: dict[str, object]) -> None:
            actor = self.simulation.current
            name = "" if actor is None else actor.name
            if level == "ERROR":
                self.trace.add(self.simulation.now, name, f"log: {message}", (about,))

        with ExitStack() as stack:
            enter = stack.enter_context
            enter(threads_of(lambda: self.simulation))
            enter(patch.object(log, "_write", note))
            enter(patch.object(log, "traceback", _NoTraceback))
            enter(patch.object(sizing, "TALLY_CHUNKS", self.sizes.tally_chunks))
            enter(patch.object(sizing, "RANGE_CHUNKS", self.sizes.range_chunks))
            enter(patch.object(reconciliation, "HAND_OVER_PASSES", self.sizes.hand_over_passes))
            bootstrap.use(self.adapters)
            try:
                yield
            finally:
                self.simulation.close()

    # Background processes of AWS.

    def start_services(self) -> None:
        """The sweep, and the function behind the dead-letter queue."""
        self.simulation.spawn("schedule", self._sweep_regularly)
        self.simulation.spawn("dlq", self._drain_dead_letters)

    def start_streams(self, tenants: Sequence[str]) -> None:
        """Begin to read the stream of the jobs table, with a webhook and a viewer per tenant."""
        self.streams.start()
        for tenant in tenants:
            viewer = Viewer(self, tenant)
            self.viewers.append(viewer)
            self.simulation.spawn(f"viewer {tenant}", viewer.live)

    def webhooks_of(self, tenant: str) -> Sequence[Webhook]:
        """The webhooks that exist since the run began."""
        hooks = self.webhooks.of_tenant(tenant)
        return [hook for hook in hooks if hook.url in self.first_webhooks]

    def _sweep_regularly(self) -> None:
        while True:
            if self.faults.strikes(Fault.SWEPT_EARLY, "schedule"):
                what = ("closed", "retried")[self.faults.between("schedule", 0.0, 1.0) > 0.5]
                self.laws.wait_for(what, SWEEP)
            else:
                self.simulation.sleep(SWEEP)
            self.event("Sweep", {})

    def event(self, function: str, event: Any) -> None:
        """Invoke a function as EventBridge does: again, if it fails."""

        def deliver() -> None:
            for attempt in range(_ASYNC_RETRIES + 1):
                invocation = self.functions.invoke(function, event)
                invocation.wait(float("inf"))
                if not (invocation.crashed or invocation.error):
                    return
                self.simulation.sleep(60.0 * (attempt + 1))

        self.simulation.spawn_apart(f"event {function}", deliver)

    def _execution_ended(self, run: Run) -> None:
        event = {"detail": {"name": run.name, "status": run.status}}
        who, simulation = f"event of {run.name[-8:]}", self.simulation
        if self.faults.strikes(Fault.EVENT_LOST, who):
            self.trace.add(simulation.now, who, "is lost", fault="lost")
            return
        late = 0.1
        if self.faults.strikes(Fault.EVENT_LATE, who):
            late = self.faults.between(who, 1.0, 900.0)
            self.trace.add(simulation.now, who, f"is {late:.0f} s late", fault="late")
        times = 1 + self.faults.strikes(Fault.EVENT_TWICE, who)
        for number in range(times):
            simulation.at(
                simulation.now + late * (1 + number), lambda: self.event("ExecutionEnded", event)
            )

    def _drain_dead_letters(self) -> None:
        simulation = self.simulation
        hidden: list[tuple[float, Letter]] = []
        while True:
            simulation.sleep(1.0 if self.queue.dead else 10.0)
            due = [letter for when, letter in hidden if when <= simulation.now]
            hidden = [each for each in hidden if each[0] > simulation.now]
            batch, self.queue.dead[:] = [*due, *self.queue.dead], []
            if not batch:
                continue
            for letter in batch:
                letter.receives += 1
            records = [_record(letter) for letter in batch]
            invocation = self.functions.invoke("DeadLetters", {"Records": records})
            invocation.wait(float("inf"))
            failed = (
                {str(letter.id) for letter in batch}
                if invocation.crashed or invocation.error
                else {each["itemIdentifier"] for each in invocation.answer["batchItemFailures"]}
            )
            again = [letter for letter in batch if str(letter.id) in failed]
            hidden += [(simulation.now + _DEAD_VISIBILITY, letter) for letter in again]
            self.dead_hidden = len(hidden)

    dead_hidden: int = 0
    """Dead letters that are retried later."""

    def new_pod(self, types: frozenset[str] = TYPES) -> Pod:
        """Start a worker pod."""
        pod = Pod(self.pods, next(self._pod_numbers), types)
        pod.start()
        return pod


def _record(letter: Letter) -> dict[str, Any]:
    return {
        "messageId": str(letter.id),
        "body": letter.body,
        "attributes": {"ApproximateReceiveCount": str(letter.receives)},
    }
