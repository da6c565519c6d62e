"""A simulated cloud: queue, state machine, workers and users around the real use-cases.

Time is simulated and every choice is drawn from one seed, so a run repeats exactly. `FaultRates`
are the probabilities of faults, and a `StopPoint` is the write at which a process stops.
"""

import heapq
import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count
from typing import Any, cast

from local.consistency_check import ConsistencyChecker
from shoal import bootstrap
from shoal.adapters.memory.chunks import MemoryChunkStore
from shoal.adapters.memory.clock import SeededEntropy
from shoal.adapters.memory.jobs import MemoryJobStore
from shoal.adapters.memory.queues import MemoryTaskQueue
from shoal.adapters.memory.windows import MemoryWindowStore
from shoal.adapters.memory.workflow import MemoryWorkflow
from shoal.bootstrap.memory import InMemory, in_memory
from shoal.domain.chunk import CurrentTask, Holder
from shoal.domain.errors import IllegalMove, Unavailable
from shoal.domain.job import Job, Spec
from shoal.domain.job_filter import JobFilter
from shoal.domain.limits import Limits
from shoal.domain.outcome import Outcome, OutcomeReport, TaskError
from shoal.ports.queues import Message
from shoal.ports.workflow import Execution, ExecutionStatus
from shoal.service.lease_answers import (
    ChunkFailed,
    ChunkRef,
    LeaseGranted,
    LeaseRefused,
    LeaseRenewal,
)
from tests.chaos.process_stops import (
    Stopped,
    StoppingChunks,
    StoppingJobs,
    StoppingQueue,
    StoppingWindows,
    StopPoint,
    stopping,
)
from tests.support.job_workflow import ENDS, ExecutionId, Functions, Position, State

LEASE = 10.0
MAX_RECEIVES = 3
WAIT_SECONDS = 60.0
SWEEP_SECONDS = 300.0
LONGEST = 20 * 86_400.0

type Fails = Callable[[int, int], bool]


@dataclass(frozen=True, slots=True)
class FaultRates:
    """The probability of each fault, and whether callers repeat a call that stopped."""

    copies: int = 1
    lost_answers: float = 0.0
    deaths: float = 0.0
    freezes: float = 0.0
    partial: float = 0.0
    handed_back: float = 0.0
    callers_repeat: bool = True


NO_FAULTS = FaultRates()


@dataclass(slots=True)
class _Delivery:
    message: Message
    receives: int = 0
    visible_at: float = 0.0
    deleted: bool = False


@dataclass(slots=True)
class _Execution:
    id: ExecutionId
    at: Position = field(default_factory=Position)
    token: str = ""
    waits: bool = False


class _Machine(MemoryWorkflow):
    """Notifies the cloud of each start and each answer."""

    def __init__(self, started: Callable[[str, int, int], None]) -> None:
        super().__init__()
        self._tell = started

    def start(self, job_id: str, generation: int, number: int) -> None:
        new = self.describe(job_id, generation, number) is None
        super().start(job_id, generation, number)
        if new:
            self._tell(job_id, generation, number)


class SimulatedCloud:
    """One job, from its submit until no event is left."""

    def __init__(
        self,
        rates: FaultRates = NO_FAULTS,
        *,
        seed: int = 0,
        stop_point: StopPoint | None = None,
        fails: Fails = lambda _index, _attempt: False,
    ) -> None:
        self.rates = rates
        self.stop_point = stop_point or StopPoint()
        self.fails = fails
        self.violations: list[str] = []
        self.leases = 0
        self._awaited: list[tuple[Callable[[], bool], Callable[[], None]]] = []
        self._random = random.Random(seed)  # noqa: S311 - a run has to repeat
        self._events: list[tuple[float, float, int, Callable[[], None]]] = []
        self._serial = count()
        self._epochs: dict[tuple[str, int], int] = {}
        self._done: dict[tuple[str, int], set[int]] = {}
        self._stopped_by_users: set[str] = set()
        self._seen: dict[str, tuple[int, object]] = {}
        plain = in_memory()
        self.clock, self.jobs = plain.clock, plain.jobs
        self.chunks, self.windows, self.queue = plain.chunks, plain.windows, plain.queue
        self.machine = _Machine(self._execute)
        bootstrap.use(self._adapters(plain, seed))
        self.at(SWEEP_SECONDS, self._sweep)

    def _adapters(self, plain: InMemory, seed: int) -> InMemory:
        stop_point = self.stop_point
        return replace(
            plain,
            jobs=cast("MemoryJobStore", StoppingJobs(self.jobs, stop_point)),
            chunks=cast("MemoryChunkStore", StoppingChunks(self.chunks, stop_point)),
            windows=cast("MemoryWindowStore", StoppingWindows(self.windows, stop_point)),
            queue=cast("MemoryTaskQueue", StoppingQueue(self.queue, stop_point)),
            workflow=stopping(self.machine, stop_point, "start", "answer"),
            blobs=stopping(plain.blobs, stop_point, "put"),
            types=stopping(plain.types, stop_point, "register", "record_duration"),
            tenants=stopping(plain.tenants, stop_point, "admit", "put"),
            limits=Limits(submit_burst=1_000_000),
            entropy=SeededEntropy(seed),
            lease=LEASE,
            retention=86_400,
        )

    def at(self, delay: float, do: Callable[[], None]) -> None:
        """Schedule an action; actions at the same time run in random order."""
        order = self._random.random()
        heapq.heappush(self._events, (self.clock.time + delay, order, next(self._serial), do))

    def run(self) -> None:
        """Run until no event is left."""
        end = self.clock.time + LONGEST
        while self._events:
            at, _, _, do = heapq.heappop(self._events)
            if at > end:
                self.violations.append(f"still running after {LONGEST / 86_400:.0f} days")
                return
            self.clock.time = max(self.clock.time, at)
            do()
            for message in self.queue.take():
                for _ in range(self.rates.copies):
                    delivery = _Delivery(message)
                    self.at(message.delay + self._random.random(), partial(self._see, delivery))
            self._follow()
            self._view()

    def _view(self) -> None:
        """Check that the version that users see never falls, nor stands for two views."""
        for job_id in self.jobs.watched:
            self._seen.setdefault(job_id, (0, None))
        for job_id, (version, shown) in self._seen.items():
            job = self.jobs.get(job_id)
            if job is None:
                continue
            view = bootstrap.job_queries().get(job.tenant, job_id)
            now = (job.status, job.paused, job.generation, view.counts)
            if view.version < version or (view.version == version and now != shown):
                self.violations.append(
                    f"version {version} of {shown}, then {view.version} of {now}"
                )
            self._seen[job_id] = (view.version, now)

    def request[T](
        self, call: Callable[[], T], then: Callable[[T], None], *, repeat: bool = True
    ) -> None:
        """Call, and repeat the request if the callee stops or its answer is lost."""
        try:
            answer = call()
        except Stopped:
            if repeat:
                self.at(1.0, lambda: self.request(call, then, repeat=repeat))
            return
        except Unavailable:
            self.at(1.0, lambda: self.request(call, then, repeat=repeat))
            return
        if self._chance(self.rates.lost_answers):
            self.at(1.0, lambda: self.request(call, then, repeat=repeat))
        else:
            then(answer)

    def _chance(self, probability: float) -> bool:
        return probability > 0 and self._random.random() < probability

    # Users.

    def submit(self, spec: Spec, **given: Any) -> None:
        """Submit a job under the idempotency key of this simulation."""

        def submit() -> Job:
            submission = bootstrap.submission()
            return submission.submit("t", spec, key="key", fingerprint="f", **given).job

        self.request(submit, lambda _: None)

    @property
    def job(self) -> Job:
        """Return the job of this simulation."""
        (job,) = self.jobs.page("t", JobFilter(), limit=2, start=None).jobs
        return job

    def user(self, after: float, verb: str) -> None:
        """Schedule an action of the user on the job; a 409 is an answer too."""

        def ask() -> None:
            with suppress(IllegalMove):
                getattr(bootstrap.job_control(), verb)("t", self.job.id)

        def act() -> None:
            if self.jobs.page("t", JobFilter(), limit=1, start=None).jobs:
                self.request(ask, lambda _: self._acknowledge(verb))
            else:
                self.at(1.0, act)

        self.at(after, act)

    def _acknowledge(self, verb: str) -> None:
        if verb == "cancel" and self.job.stopping:
            self._stopped_by_users.add(self.job.id)

    def once(self, holds: Callable[[], bool], do: Callable[[], None]) -> None:
        """Run an action once, as soon as a condition is true."""
        self._awaited.append((holds, do))

    def _follow(self) -> None:
        if not self._awaited or not self.jobs.page("t", JobFilter(), limit=1, start=None).jobs:
            return
        due = [each for each in self._awaited if each[0]()]
        self._awaited = [each for each in self._awaited if each not in due]
        for _, do in due:
            do()

    # Queue and workers.

    def _see(self, delivery: _Delivery) -> None:
        if delivery.deleted:
            return
        if self.clock.time < delivery.visible_at:
            self.at(delivery.visible_at - self.clock.time, lambda: self._see(delivery))
            return
        delivery.receives += 1
        message = delivery.message
        if delivery.receives > MAX_RECEIVES:
            self._dead(message)
            return
        self._hide(delivery, LEASE)
        self.at(LEASE + self._random.random(), lambda: self._see(delivery))
        worker = f"w{self._random.randrange(3)}"
        request = f"r{next(self._serial)}"
        self.request(
            lambda: self._lease(worker, request, message),
            lambda answer: self._leased(delivery, answer),
            repeat=self.rates.callers_repeat,
        )

    def _dead(self, message: Message) -> None:
        def rescue() -> None:
            bootstrap.recovery().dead_letter(message.job, message.chunk)

        self.request(rescue, lambda _: None)

    def _hide(self, delivery: _Delivery, seconds: float) -> None:
        delivery.visible_at = self.clock.time + seconds

    def _lease(self, worker: str, request: str, message: Message) -> LeaseGranted | LeaseRefused:
        self.leases += 1
        ref = ChunkRef(message.job, message.chunk)
        cancelled = message.job in self._stopped_by_users
        (answer,) = bootstrap.leasing().lease(worker, request, [ref], holder=Holder.WORKER)
        if isinstance(answer, ChunkFailed):
            raise answer.error
        if isinstance(answer, LeaseGranted):
            if cancelled:
                self.violations.append(f"{ref} was granted after its job was cancelled")
            place = message.job, message.chunk
            self._epochs[place] = max(self._epochs.get(place, 0), answer.chunk.epoch)
        return answer

    def _leased(self, delivery: _Delivery, answer: LeaseGranted | LeaseRefused) -> None:
        if isinstance(answer, LeaseRefused):
            if answer.decision == "held":
                delivery.receives -= 1  # a worker hides it; these receives are not failures
                self._hide(delivery, answer.retry_after or 0.0)
            else:
                delivery.deleted = True
            return
        if self._chance(self.rates.deaths):
            return
        frozen = self._chance(self.rates.freezes)
        self._work(delivery, answer, LEASE * 1.5 if frozen else self._random.uniform(0.5, 3.0))

    def _work(self, delivery: _Delivery, granted: LeaseGranted, seconds: float) -> None:
        tasks = [granted.chunk.first + offset for offset in granted.offsets]
        if self._chance(self.rates.handed_back):
            tasks = tasks[: self._random.randrange(len(tasks) + 1)]
        stages = [[task] for task in tasks] if granted.chunk.isolated else [tasks]
        if len(tasks) > 1 and self._chance(self.rates.partial):
            half = len(tasks) // 2
            stages = [tasks[:half], tasks[half:]]
        self._stage(delivery, granted, stages, 1, seconds)

    def _stage(
        self,
        delivery: _Delivery,
        granted: LeaseGranted,
        stages: Sequence[Sequence[int]],
        number: int,
        seconds: float,
    ) -> None:
        def end() -> None:
            final = number >= len(stages)
            tasks = stages[number - 1] if stages else []
            report = self._report(granted, number, tasks, final=final)

            def told(decision: str) -> None:
                if decision == "accepted" and not final:
                    self._hide(delivery, LEASE)
                    self._stage(delivery, granted, stages, number + 1, 1.0)
                elif decision in {"accepted", "cancelled"}:
                    delivery.deleted = True

            self.request(
                lambda: self._send(_worker(granted), report),
                told,
                repeat=self.rates.callers_repeat,
            )

        if self._chance(self.rates.partial):
            self.at(seconds / 2, lambda: self._beat(granted))
        self.at(seconds, end)

    def _beat(self, granted: LeaseGranted) -> None:
        chunk = granted.chunk
        task = CurrentTask(chunk.first, 0.5)
        beat = LeaseRenewal(chunk.job, chunk.number, chunk.epoch, task, granted.token)
        worker = _worker(granted)
        self.request(
            lambda: bootstrap.leasing().heartbeat(worker, [beat]), lambda _: None, repeat=False
        )

    def _report(
        self, granted: LeaseGranted, number: int, tasks: Sequence[int], *, final: bool
    ) -> OutcomeReport:
        chunk = granted.chunk
        outcomes = []
        for task in tasks:
            attempt = chunk.attempts[task - chunk.first]
            failed = TaskError("Bad", "luck", retryable=True) if self.fails(task, attempt) else None
            outcomes.append(Outcome(task, attempt, self.clock.time, 0.1, {"task": task}, failed))
        key = chunk.part_key(chunk.epoch, number)
        return OutcomeReport(key, final, outcomes, token=granted.token)

    def _send(self, worker: str, report: OutcomeReport) -> str:
        (decision,) = bootstrap.leasing().report(worker, [report])
        if isinstance(decision, ChunkFailed):
            raise decision.error
        if decision == "accepted":
            latest = self._epochs.get((report.key.job, report.key.chunk), 0)
            if report.key.epoch < latest:
                self.violations.append(
                    f"{report.key.chunk=}: accepted from {report.key.epoch=} after {latest}"
                )
            done = self._done.setdefault((report.key.job, report.key.chunk), set())
            done |= {each.index for each in report.outcomes if each.error is None}
        return decision

    # The state machine, with a retry on each task, and its recovery.

    def _execute(self, job_id: str, generation: int, number: int) -> None:
        execution = _Execution(ExecutionId(job_id, generation, number))
        self.at(0.1, lambda: self._call(execution))

    def _step[T](
        self, execution: _Execution, call: Callable[[], T], then: Callable[[T], None]
    ) -> None:
        """Run a Task state with its Retry; if callers die too, abort the execution."""
        try:
            answer = call()
        except Stopped:
            if self.rates.callers_repeat:
                self.at(1.0, lambda: self._step(execution, call, then))
            else:
                self._end(execution, ExecutionStatus.ABORTED)
            return
        then(answer)

    def _call(self, execution: _Execution) -> None:
        """Call the function of the state at which the execution is."""
        e = execution
        e.waits = False
        self._step(e, partial(self._functions.call, e.id, e.at), lambda answer: self._go(e, answer))

    def _go(self, execution: _Execution, answer: Any) -> None:
        e = execution
        e.at = e.at.after(answer)
        if e.at.state is State.WAIT:
            self._wait(e)
        elif e.at.state in ENDS:
            if e.at.state is State.HANDED_OVER:
                self.machine.start(e.id.job, e.id.generation, e.id.number + 1)
            self._end(e, *ENDS[e.at.state])
        else:
            self.at(0.1, lambda: self._call(e))

    @property
    def _functions(self) -> Functions:
        return Functions(bootstrap.planning(), bootstrap.reconciliation(), bootstrap.termination())

    def _wait(self, execution: _Execution) -> None:
        e = execution
        e.token = f"{e.id.job}-{e.id.generation}-{e.id.number}-{next(self._serial)}"
        token, since = e.token, self.clock.time
        e.waits = True
        self._step(e, lambda: self._functions.call(e.id, e.at, token=token), lambda _: None)

        def look() -> None:
            if not e.waits or e.token != token:
                return
            if self.machine.answered(token) or self.clock.time >= since + WAIT_SECONDS:
                e.at = e.at.after(None)
                self._call(e)
            else:
                self.at(1.0, look)

        self.at(1.0, look)

    def _end(
        self, execution: _Execution, status: ExecutionStatus, decision: str | None = None
    ) -> None:
        e = execution
        e.waits = False
        output = None if decision is None else {"decision": decision}
        self.machine.end(*e.id, Execution(status, self.clock.time, output))
        # EventBridge reports the end at least once if all goes well; the sweep bounds the rest.
        if not self._chance(self.rates.lost_answers):
            self.at(1.0, lambda: self._recover(e.id.job))

    def _recover(self, job_id: str) -> None:
        self.request(
            lambda: bootstrap.recovery().recover(job_id),
            lambda _: None,
            repeat=self.rates.callers_repeat,
        )

    def _sweep(self) -> None:
        self.request(lambda: bootstrap.sweep().run(), lambda _: None, repeat=False)
        if self._events or self.jobs.watched:
            self.at(SWEEP_SECONDS, self._sweep)

    # The end.

    def findings(self) -> list[str]:
        """Return everything that is wrong at the end."""
        job = self.job
        found = [
            *self.violations,
            *ConsistencyChecker(self.jobs, self.chunks, self.machine).check(job.id),
        ]
        if self.jobs.watched:
            found.append("the job is still marked open")
        for (job_id, number), done in self._done.items():
            chunk = self.chunks.get(job_id, number)
            for task in sorted(done):
                letter = "" if chunk is None else chunk.statuses[task - chunk.first]
                if letter != "C":
                    found.append(f"task {task} was accepted as completed, its row has {letter!r}")
        return found


def _worker(granted: LeaseGranted) -> str:
    """Return the worker of the lease."""
    assert granted.chunk.lease is not None
    return granted.chunk.lease.worker
