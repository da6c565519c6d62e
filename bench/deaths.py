"""SIGKILLs of whole workers: no task lost, none counted twice, none blamed, no more run than need.

What a worker had in hand when it was killed runs again, nothing else does: executions are at most
tasks plus those RUNNING under the killed workers' leases.

Three deaths in a row under one task give it up by design, and no worker can tell a killer from a
poison. So the killer spares a worker whose chunk was under two dead workers already. It stops its
victim first and reads the rows until two readings agree, so that what it spares by is what is:
only a lease that is granted yet later than both readings could deceive it. With chunks of two, 200
kills hit some 80 of 1,000 chunks, 6 of them twice. A worker is killed 25 times in the 7 minutes of
a run; if each time a lease can slip in for 0.1 s, one of the 6 does so in 6 * 25 * 0.1 / 420 = 0.04
runs. So many innocents are to be expected that are given up; unspared, it would be 0.5.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from bench.ledger import Ledger, awaited_start, judge, until
from bench.stand import Stand, crew, stand
from bench.tables import show
from local.workers import Workers
from shoal.domain.chunk import CRASHES_TO_ISOLATE, Chunk

LEASE: Final = 4.0
WORKERS: Final = 8
CHUNK: Final = 2


@dataclass
class Deaths:
    """What is done to a job, and what came of it."""

    tasks: int
    kills: int
    in_flight: int = 0
    spared: int = 0
    executions: int = 0
    completed: int = 0
    failed: int = 0
    seconds: float = 0.0
    findings: list[str] = field(default_factory=list)


def main() -> None:
    """Print the table; exit 1 if a promise was broken."""
    with stand(lease_seconds=LEASE, wait_seconds=5) as at, crew(at, WORKERS, slots=1) as workers:
        end = massacre(at, workers, Deaths(tasks=2_000, kills=200))
    columns = (
        *("tasks", "kills", "in flight", "executions", "completed", "failed", "spared"),
        *("seconds", "findings"),
    )
    row = (
        *(f"{end.tasks:,}", end.kills, end.in_flight, f"{end.executions:,}"),
        *(f"{end.completed:,}", end.failed, end.spared, f"{end.seconds:.0f}", len(end.findings)),
    )
    show(f"{WORKERS} workers killed one after another", columns, [row])
    judge(end.findings)


def massacre(at: Stand, workers: Workers, end: Deaths, *, seed: int = 0) -> Deaths:
    """Run a job while its workers are killed, in step with its progress."""
    draw = random.Random(seed)  # noqa: S311 - a run can be repeated
    begin = time.perf_counter()
    ledger = Ledger(at.emulator.home / "ledger")
    starts = Counter(dict.fromkeys(workers.processes, 1))
    job_id = at.submit(
        task_type="noted",
        count=end.tasks,
        chunk_size=CHUNK,
        params={"ledger": str(ledger.path), "seconds": 0.2},
        retry={"max_attempts": 1},
    )
    chunks = range(-(-end.tasks // CHUNK))
    for number in range(end.kills):
        due = end.tasks * (number + 1) // (end.kills + 2)
        until(lambda due=due: ledger.ended(job_id) >= due, f"{due} tasks have not ended")  # type: ignore[misc]
        while True:
            name = draw.choice(sorted(workers.processes))
            awaited_start(at, name, starts=starts[name])
            if _kill(at, workers, name, (job_id, chunks), end):
                break
            end.spared += 1
        workers.start(name)
        starts[name] += 1
    job = at.ended(job_id, within=300)
    end.seconds = time.perf_counter() - begin
    end.executions = ledger.executions(job_id).total()
    end.completed, end.failed = job["counts"]["completed"], job["counts"]["failed"]
    end.findings += at.checker.check(job_id)
    if end.completed != end.tasks:
        end.findings.append(f"{job['counts']} of {end.tasks} tasks")
    if end.executions > end.tasks + end.in_flight:
        end.findings.append(f"{end.executions} executions, {end.tasks} + {end.in_flight} allowed")
    return end


def _kill(
    at: Stand, workers: Workers, name: str, where: tuple[str, Sequence[int]], end: Deaths
) -> bool:
    """Kill the worker and count what it had in hand, unless it is to be spared."""
    process = workers.freeze(name)
    leased, before = _leased(at, name, where), None
    while leased != before:  # what it asked for last may only now be written
        leased, before = _leased(at, name, where), leased
    if any(chunk.crashes >= CRASHES_TO_ISOLATE for chunk in leased):
        os.kill(process.pid, signal.SIGCONT)
        return False
    end.in_flight += sum(len(chunk.running) for chunk in leased)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return True


def _leased(at: Stand, name: str, where: tuple[str, Sequence[int]]) -> list[Chunk]:
    rows = at.checker.chunks.get_many(*where)
    return [row for row in rows if row.lease is not None and row.lease.worker == name]
