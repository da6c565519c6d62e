"""Worker pods: the real worker with its threads stepped by the scheduler.

Only the pool of child processes is replaced, by one that executes scripts.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, Self, cast
from unittest.mock import patch
from urllib.parse import urlsplit

import httpx

from shoal.adapters.callbacks import SignedCallbacks
from shoal.adapters.http import PostResponse
from shoal.adapters.worker_queue import SqsMessageSource
from shoal.worker import (
    chunk_run,
    circuit_breaker,
    fetcher,
    health,
    in_flight,
    outbox,
    registration,
    worker,
)
from shoal.worker.fork_client import ForkClient, OfferedType
from shoal.worker.outcome import TimestampFormatter, completed, failed
from shoal.worker.segment import Segment
from shoal.worker.worker_context import WorkerConfig
from tests.prove.faults import Fault, Faults
from tests.prove.gateway import URL, Gateway
from tests.prove.queue_service import ENDPOINT, QueueService
from tests.prove.scripts import Deed, Script, Scripts
from tests.prove.simulation import Actor, Killed, Process, Simulation
from tests.prove.stores import Bucket
from tests.prove.threads import SimpleQueue, Threading
from tests.prove.trace import Trace

QUEUES: Final = ("high", "normal", "low")
_KILL_SECONDS: Final = 0.02
_LARGE_BYTES: Final = 9_000
_LONG_POLL: Final = 20.0
"""Seconds that an idle worker polls a queue; longer than in production, to save time."""
_THREADED: Final = (
    *(chunk_run, circuit_breaker, health, in_flight),
    *(outbox, registration, worker),
)


@dataclass(slots=True, kw_only=True)
class PodWorld:
    """The interface that pods need."""

    simulation: Simulation
    faults: Faults
    trace: Trace
    gateway: Gateway
    queue: QueueService
    scripts: Scripts
    bucket: Callable[[str], Bucket]
    lease: float
    began: Callable[[str, int, int], None]
    """Record the start of a task under an epoch."""
    slots: int = 2
    pods: list[Pod] = field(default_factory=list)


@contextmanager
def threads_of(simulation: Callable[[], Simulation]) -> Iterator[None]:
    """Replace the threads and the child processes of the worker's modules."""
    threading = Threading(simulation)
    patches: list[Any] = [patch.object(module, "threading", threading) for module in _THREADED]
    patches += [
        patch.object(fetcher, "_LONG_POLL_OF_SEVERAL", _LONG_POLL),
        patch.object(worker, "SimpleQueue", lambda: SimpleQueue(simulation())),
        patch.object(worker, "Pool", ScriptedPool),
    ]
    for each in patches:
        each.start()
    try:
        yield
    finally:
        for each in reversed(patches):
            each.stop()


class _Clock:
    """The clock of a pod, which may be wrong."""

    def __init__(self, simulation: Simulation, process: Process) -> None:
        self._simulation = simulation
        self._process = process

    def now(self) -> float:
        return self._simulation.now + self._process.skew

    def monotonic(self) -> float:
        return self._simulation.now


class _Entropy:
    """The randomness of a pod: its ids differ, its jitter is decided."""

    def __init__(self, simulation: Simulation, number: int) -> None:
        self._simulation = simulation
        self._number = number
        self._ids = itertools.count(1)

    def bytes(self) -> bytes:
        return self._number.to_bytes(5) + next(self._ids).to_bytes(5)

    def uniform(self) -> float:
        actor = self._simulation.current
        assert actor is not None
        return self._simulation.decisions.between(f"{actor.name} uniform", 0.999, 0.0)


class Pod:
    """One worker, from its start to its end."""

    def __init__(self, world: PodWorld, number: int, types: frozenset[str]) -> None:
        self.world = world
        self.number = number
        self.name = name = f"pod{number}"
        self.process = Process(name)
        self.fork_client = StandInForkClient(self, types)
        self.worker: worker.Worker | None = None
        if world.faults.strikes(Fault.CLOCK_WRONG, name):
            self.process.skew = world.faults.between(name, -600.0, 600.0)

    def start(self) -> None:
        self.world.pods.append(self)
        self.world.simulation.spawn_apart(self.name, self._run, self.process)

    def _run(self) -> None:
        world = self.world
        clock = _Clock(world.simulation, self.process)
        self.worker = worker.Worker(
            WorkerConfig(name=self.name, slots=world.slots, lease=world.lease, grace=25.0),
            cast("ForkClient", self.fork_client),
            SignedCallbacks(URL, world.gateway.worker_post, cast("httpx.Client", _Storage(world))),
            SqsMessageSource(self._post, ENDPOINT, {name: name for name in QUEUES}),
            clock,
            entropy=_Entropy(world.simulation, self.number),
        )
        self.worker.run()
        world.trace.add(world.simulation.now, self.name, "leaves")
        world.simulation.at(world.simulation.now, self._gone)

    def _post(self, url: str, headers: dict[str, str], body: bytes) -> PostResponse:
        assert url == ENDPOINT
        return self.world.queue.post(headers, body)

    def drain(self) -> None:
        """As the kubelet does it."""
        if self.worker is not None and not self.process.dead:
            self.world.trace.add(self.world.simulation.now, self.name, "is drained")
            self.worker.drain()

    def kill(self) -> None:
        """As the kernel does it."""
        world = self.world
        if not self.process.dead:
            world.trace.add(world.simulation.now, self.name, "is killed", fault="killed")
            world.simulation.at(world.simulation.now, self._gone)
            world.simulation.kill(self.process)

    def _gone(self) -> None:
        if self in self.world.pods:
            self.world.pods.remove(self)


class _Storage:
    """Presigned URLs of the buckets in memory."""

    def __init__(self, world: PodWorld) -> None:
        self._world = world

    def send(self, request: httpx.Request) -> httpx.Response:
        simulation, actor = self._world.simulation, self._world.simulation.current
        assert actor is not None
        simulation.sleep(0.01)
        if self._world.faults.strikes(Fault.API_REQUEST_LOST, actor.name):
            raise httpx.ConnectError("no answer")
        url = urlsplit(str(request.url))
        bucket = self._world.bucket(url.netloc)
        key = url.path.removeprefix("/")
        if request.method == "PUT":
            return httpx.Response(200 if bucket.upload(key, request.content) else 412)
        if key not in bucket.objects:
            return httpx.Response(404)
        body = bucket.objects[key]
        span = request.headers.get("Range")
        if span is not None:
            first, last = map(int, span.removeprefix("bytes=").split("-"))
            body = body[first : last + 1]
        return httpx.Response(206, content=body)


class StandInForkClient:
    """Offers task types; starts no process."""

    def __init__(self, pod: Pod, types: frozenset[str]) -> None:
        self.pod = pod
        self.digest = "sha256:0"
        self.types: Mapping[str, OfferedType] = {name: _offer(name) for name in sorted(types)}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return


def _offer(name: str) -> OfferedType:
    return OfferedType(
        {
            "name": name,
            "schema": {"type": "object"},
            "timeout": None,
            "retry": None,
            "batch": None,
            "description": "",
        },
        concurrent=False,
        cancellable=name == "container",
    )


class _SharedMemory:
    """Return the current task of the child."""

    def __init__(self) -> None:
        self.current: tuple[int, float, int] | None = None
        self.progress: float | None = None


class _Child:
    """Runs the tasks of one segment by their scripts."""

    def __init__(self, segment: Segment) -> None:
        self.segment = segment
        self.shared_memory = _SharedMemory()
        self.actor: Actor
        self.outcomes: list[bytes] = []
        self.killed = False


class ScriptedPool:
    """Replaces the pool of child processes of the worker."""

    def __init__(self, fork_client: StandInForkClient, *_: object, **__: object) -> None:
        self._pod = fork_client.pod
        self._world = fork_client.pod.world
        self._timestamps = TimestampFormatter()
        self._closed = Threading(lambda: self._world.simulation).Event()

    def serve(self) -> None:
        self._closed.wait()

    def close(self) -> None:
        self._closed.set()

    def run(self, *segments: Segment) -> None:
        for segment in segments:
            child = _Child(segment)
            segment.child = cast("Any", child)
            child.actor = self._world.simulation.spawn(
                "child", partial(self._run, child), self._pod.process
            )

    def stop(self, segment: Segment) -> None:
        segment.stopping = True

    def kill(self, segment: Segment) -> None:
        segment.stopping = True
        child = cast("_Child | None", segment.child)
        if child is not None and not child.killed:
            child.killed = True
            self._world.simulation.wake(child.actor)

    def cancel(self, segment: Segment) -> None:
        self.kill(segment)

    def poll(self, segment: Segment, then: Callable[[], None] | None = None) -> None:
        child = cast("_Child | None", segment.child)
        if child is not None:
            self._hand_over(child)
        if then is not None:
            then()

    def _hand_over(self, child: _Child) -> None:
        outcomes, child.outcomes = child.outcomes, []
        if outcomes:
            child.segment.record(outcomes)
            child.segment.owner.outcomes(outcomes)

    def _run(self, child: _Child) -> None:
        segment, simulation = child.segment, self._world.simulation
        of = segment.assignment
        for position, (index, attempt, given) in enumerate(of.tasks):
            if segment.stopping:
                break
            script = self._world.scripts.of(of.job_id, index)
            self._world.began(of.job_id, index, of.epoch)
            child.shared_memory.current = (position, simulation.now, 0)
            child.shared_memory.progress = 0.5 if script.seconds > 1 else None
            began = simulation.now
            deed = self._world.scripts.begin(of.job_id, index)
            if deed is Deed.KILL:
                simulation.sleep(_KILL_SECONDS)
                self._pod.kill()
                raise Killed
            self._sleep(child, min(script.seconds, of.timeout))
            if child.killed:
                break
            child.outcomes.append(
                self._outcome(index, attempt, given, began, deed, of.timeout, script)
            )
        segment.child = None
        self._hand_over(child)
        segment.owner.ended()

    def _sleep(self, child: _Child, seconds: float) -> None:
        simulation = self._world.simulation
        until = simulation.now + seconds
        while simulation.now < until and not child.killed:
            simulation.park(until - simulation.now)

    def _outcome(  # noqa: PLR0917
        self,
        index: int,
        attempt: int,
        given: Mapping[str, Any],
        began: float,
        deed: Deed,
        timeout: float,
        script: Script,
    ) -> bytes:
        started = self._timestamps.text(began)
        duration = self._world.simulation.now - began
        if deed is Deed.COMPLETE and script.seconds <= timeout:
            result = {"index": index, "given": dict(given)}
            if script.large:
                result["text"] = "x" * _LARGE_BYTES
            return completed(index, attempt, started, duration, json.dumps(result).encode())
        return failed(
            *(index, attempt, started, duration),
            kind="TaskTimeout" if deed is Deed.COMPLETE else f"Boom{index % 2}",
            message=f"task {index} failed",
            tail=b"",
            retryable=deed is not Deed.FAIL_FOR_GOOD,
        )
