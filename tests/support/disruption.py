"""Runs a job while workers are killed and frozen and one reports late, then recounts the job."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from local.workers import Workers
from tests.support.platform import Platform
from tests.support.worker_calls import WorkerCalls, completed_outcomes

LEASE: Final = 2.0
WORKERS: Final = 3


@dataclass(frozen=True, slots=True)
class Disruption:
    """A job, and how often its workers are killed and frozen while it runs."""

    tasks: int
    chunk: int
    kills: int
    freezes: int
    late_chunks: int = 6
    seed: int = 0


@dataclass(frozen=True, slots=True)
class DisruptedJob:
    """How the job ended, and what the consistency check found.

    A task during which three workers in a row died is given up: it is FAILED, with that reason.
    """

    status: str
    completed: int
    given_up: int
    seconds: float
    epochs: int
    rejected: int
    findings: list[str]


def disrupt(platform: Platform, workers: Workers, disruption: Disruption) -> DisruptedJob:
    """Run a job while its workers are killed and frozen."""
    draw = random.Random(disruption.seed)  # noqa: S311 - a run can be repeated
    begin = time.perf_counter()
    job_id = platform.submit(
        task_type="sleepy",
        count=disruption.tasks,
        chunk_size=disruption.chunk,
        retry={"max_attempts": 1},
    )
    late = LateWorker(platform, job_id)
    late.lease(
        [-(-disruption.tasks // disruption.chunk) - 1 - n for n in range(disruption.late_chunks)]
    )
    actions = [kill] * disruption.kills + [freeze] * disruption.freezes
    draw.shuffle(actions)
    for action in actions:
        time.sleep(draw.uniform(0.3, 1.3))
        action(workers, draw.choice(sorted(workers.processes)))
        late.report()
    job = platform.ended(job_id, within=300)
    late.report()
    rows = platform.checker.chunks.get_many(job_id, range(-(-disruption.tasks // disruption.chunk)))
    return DisruptedJob(
        status=job["status"],
        completed=job["counts"]["completed"],
        given_up=job["counts"]["failed"],
        seconds=time.perf_counter() - begin,
        epochs=sum(chunk.epoch - 1 for chunk in rows),
        rejected=late.rejected,
        findings=[*late.findings, *platform.checker.check(job_id)],
    )


class LateWorker:
    """A worker that leases chunks, lets the leases expire, and reports when others hold them."""

    def __init__(self, platform: Platform, job_id: str) -> None:
        self._platform = platform
        self._job = job_id
        self._calls = WorkerCalls(platform)
        self._held: dict[int, Mapping[str, Any]] = {}
        self.rejected = 0
        self.findings: list[str] = []

    def lease(self, chunks: Sequence[int]) -> None:
        """Lease the chunks that are free, once they exist."""
        refs = [{"job_id": self._job, "chunk": chunk} for chunk in chunks]
        for attempt in range(100):
            request = f"late-{attempt:017d}"
            body = {"worker": "late", "request_id": request, "chunks": refs, "tokens": True}
            leases = self._calls.post("leases", body).json()["leases"]
            self._held = {e["chunk"]: e for e in leases if e["decision"] == "granted"}
            if self._held:
                return
            time.sleep(0.1)

    def report(self) -> None:
        """Report each chunk that another worker has leased since."""
        for chunk, lease in list(self._held.items()):
            row = self._platform.checker.chunks.get(self._job, chunk)
            if row is None or row.epoch == lease["epoch"]:
                continue
            del self._held[chunk]
            place = {"job_id": self._job, "chunk": chunk, "epoch": lease["epoch"]}
            place |= {"token": lease["token"], "report": 1}
            report = {**place, "final": True, "outcomes": completed_outcomes(lease["tasks"])}
            body = {"worker": "late", "reports": [report]}
            (answer,) = self._calls.post("reports", body).json()["reports"]
            if answer["decision"] in ("stale", "cancelled"):  # the latter once the job is closed
                self.rejected += 1
            else:
                self.findings.append(f"chunk {chunk}: a late report was {answer['decision']}")


def kill(workers: Workers, name: str) -> None:
    """Kill a worker as the kernel does when memory is short, and start another in its place."""
    process = workers.processes[name]
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    workers.start(name)


def freeze(workers: Workers, name: str) -> None:
    """Stop a worker for longer than its leases, so that its next report is late."""
    process = workers.freeze(name)
    time.sleep(1.5 * LEASE)
    os.kill(process.pid, signal.SIGCONT)
