"""The CPU of a worker, its fork server and its children per no-op task, without the network.

The broker is a stub in this process that costs next to nothing: queues that always have messages,
and an API that grants and accepts. `bench.peers` measures a worker with its real clients.
Run it as `python bench/worker_overhead.py`.
"""

# ruff: noqa: D102 - the ports describe each method

from __future__ import annotations

import re
import resource
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[1] / "worker_image"))

from shoal.adapters.clock import SystemEntropy
from shoal.adapters.prometheus import PrometheusMeters
from shoal.settings import task_environment
from shoal.wire.worker import (
    ArtifactAnswer,
    ArtifactRequest,
    EffectAnswer,
    EffectRequest,
    HeartbeatAnswer,
    HeartbeatRequest,
    LeaseAnswer,
    LeaseRequest,
    PartAnswer,
    PartRequest,
    ReceivedMessage,
    RegistrationAnswer,
    ReportAnswer,
    WorkerRegistration,
)
from shoal.worker.fork_client import ForkClient
from shoal.worker.worker import Worker
from shoal.worker.worker_context import WorkerConfig

JOB = "job_" + "0" * 26
_CHUNK = re.compile(rb'"chunk":\s*(\d+)')
TARGETS = {1: 200.0, 100: 10.0}
RUNS = 5


class StubQueue:
    """A queue with a fixed number of messages."""

    def __init__(self, chunks: int) -> None:
        self.bodies = [f'{{"job":"{JOB}","chunk":{chunk}}}' for chunk in range(chunks)]
        self.deleted = 0

    def receive(
        self, queue: str, *, limit: int, wait: float, visibility: float
    ) -> Sequence[ReceivedMessage]:
        del wait, visibility
        got, self.bodies = self.bodies[:limit], self.bodies[limit:]
        return [ReceivedMessage(queue, "receipt", body) for body in got]

    def delete(self, deliveries: Sequence[ReceivedMessage]) -> None:
        self.deleted += len(deliveries)

    def hide(self, deliveries: Sequence[ReceivedMessage], seconds: float) -> None:
        del deliveries, seconds

    def message_count(self, queue: str) -> int:
        del queue
        return len(self.bodies)


class StubApi:
    """Grants chunks of no-op tasks. The answers to leases are texts, as from the network."""

    def __init__(self, chunks: int, size: int) -> None:
        self.registered = threading.Event()
        self.grants = [_grant(chunk, size) for chunk in range(chunks)]
        self.calls = 0
        self.reported = 0

    def register(self, request: WorkerRegistration) -> RegistrationAnswer:
        self.registered.set()
        return RegistrationAnswer(worker=request.worker, registered=len(request.task_types))

    def lease(self, request: LeaseRequest) -> LeaseAnswer:
        self.calls += 1
        body = b",".join(self.grants[each.chunk] for each in request.chunks)
        return LeaseAnswer.model_validate_json(b'{"leases":[' + body + b"]}")

    def heartbeat(self, request: HeartbeatRequest) -> HeartbeatAnswer:
        del request
        return HeartbeatAnswer(leases=[])

    def report(self, body: bytes) -> ReportAnswer:
        self.calls += 1
        chunks = [each.decode() for each in _CHUNK.findall(body)]
        self.reported += body.count(b'"outcome":"completed"')
        decisions = ",".join(
            f'{{"job_id":"{JOB}","chunk":{chunk},"decision":"accepted"}}' for chunk in chunks
        )
        return ReportAnswer.model_validate_json('{"reports":[' + decisions + "]}")

    def effect(self, request: EffectRequest) -> EffectAnswer:
        raise NotImplementedError

    def artifact(self, request: ArtifactRequest) -> ArtifactAnswer:
        raise NotImplementedError

    def part(self, request: PartRequest) -> PartAnswer:
        raise NotImplementedError

    def upload(self, url: str, headers: Mapping[str, str], body: bytes) -> None:
        raise NotImplementedError

    def download(self, url: str, headers: Mapping[str, str]) -> bytes:
        raise NotImplementedError


def _grant(chunk: int, size: int) -> bytes:
    tasks = ",".join(
        f'{{"index":{chunk * size + i},"attempt":1,"input":{{}}}}' for i in range(size)
    )
    return (
        f'{{"job_id":"{JOB}","chunk":{chunk},"decision":"granted","epoch":1,'
        f'"until":"2030-01-01T00:00:00Z","priority":"normal","task_type":"noop","timeout":300,'
        f'"isolated":false,"tasks":[{tasks}],"inputs":null,"params":{{}}}}'
    ).encode()


class SystemClock:
    """The machine's own time."""

    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()


def _cpu() -> float:
    """Return the CPU seconds of this process and of all its ended descendants."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def run(chunks: int, size: int, slots: int, *, metered: bool = False) -> tuple[float, float]:
    """CPU and wall seconds of a whole run, from start to exit."""
    meters = PrometheusMeters() if metered else None
    queue, api = StubQueue(chunks), StubApi(chunks, size)
    config = WorkerConfig(name="bench", slots=slots, until_empty=True, weights={"normal": 1})
    worker = Worker(
        config,
        ForkClient(["tasks"], environment=task_environment()),
        api,
        queue,
        SystemClock(),
        entropy=SystemEntropy(),
        meters=meters,
    )
    cpu, wall = _cpu(), time.perf_counter()
    assert worker.run() == 0
    assert api.reported == chunks * size
    assert queue.deleted == chunks
    if meters is not None:
        counted = f'shoal_tasks_total{{outcome="completed",type="noop"}} {chunks * size:.1f}'
        assert counted in meters.exposition(busy=0, free=0, lease_age=0.0)[1].decode()
    return _cpu() - cpu, time.perf_counter() - wall


def _once(size: int, chunks: int, slots: int, *, metered: bool) -> tuple[float, float]:
    """µs of CPU a task, and tasks a second."""
    base_cpu, base_wall = run(slots, size, slots, metered=metered)
    cpu, wall = run(chunks + slots, size, slots, metered=metered)
    tasks = chunks * size
    return (cpu - base_cpu) / tasks * 1e6, tasks / (wall - base_wall)


def main() -> int:
    """Print µs of CPU per task and the target; return 1 if a target is missed.

    Starting up (imports, first children) is measured with few chunks and taken off. Medians of
    five runs. With `--metered` the worker counts for Prometheus, as in a pod.
    """
    metered = "--metered" in sys.argv
    missed = 0
    for size, chunks, slots in ((1, 20_000, 10), (100, 2_000, 4)):
        each, rate = map(
            median,
            zip(*(_once(size, chunks, slots, metered=metered) for _ in range(RUNS)), strict=True),
        )
        missed += each > TARGETS[size]
        print(
            f"chunk {size:>3}: {each:7.2f} µs CPU a task (target {TARGETS[size]:g}), "
            f"{rate:,.0f} tasks/s with {slots} slots"
        )
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
