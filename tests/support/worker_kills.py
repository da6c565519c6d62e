"""Kills whole workers: no task is lost, counted twice or given up, and few run again.

Only the tasks that a killed worker was running run again. So there are at most as many executions
as tasks, plus the tasks that were RUNNING under the leases of killed workers.

By design, a task is given up when three workers in a row die while they run it. The test must not
cause that, so it spares a worker whose chunk has seen two workers die. It stops the worker first
and reads the rows until two readings agree. Only a lease that is granted after both readings is
missed. With chunks of two tasks, 200 kills hit about 80 of 1,000 chunks, 6 of them twice. Each
worker is killed 25 times in the 7 minutes of a run. If a lease can be missed for 0.1 s each time,
6 * 25 * 0.1 / 420 = 0.04 tasks in a run are given up. Without sparing workers it would be 0.5.
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

from local.workers import Workers
from shoal.domain.chunk import CRASHES_TO_FAIL, Chunk
from tests.support.execution_log import ExecutionLog, wait_for_start, wait_until
from tests.support.platform import Platform

LEASE: Final = 4.0
WORKERS: Final = 8
CHUNK: Final = 2


@dataclass
class KillRun:
    """A job, how often its workers are killed, and the outcome."""

    tasks: int
    kills: int
    in_flight: int = 0
    spared: int = 0
    executions: int = 0
    completed: int = 0
    failed: int = 0
    seconds: float = 0.0
    findings: list[str] = field(default_factory=list)


def kill_workers(platform: Platform, workers: Workers, end: KillRun, *, seed: int = 0) -> KillRun:
    """Run a job and kill its workers as it makes progress."""
    draw = random.Random(seed)  # noqa: S311 - a run can be repeated
    begin = time.perf_counter()
    ledger = ExecutionLog(platform.emulator.home / "ledger")
    starts = Counter(dict.fromkeys(workers.processes, 1))
    job_id = platform.submit(
        task_type="noted",
        count=end.tasks,
        chunk_size=CHUNK,
        params={"ledger": str(ledger.path), "seconds": 0.2},
        retry={"max_attempts": 1},
    )
    chunks = range(-(-end.tasks // CHUNK))
    for number in range(end.kills):
        due = end.tasks * (number + 1) // (end.kills + 2)
        wait_until(lambda due=due: ledger.ended(job_id) >= due, f"{due} tasks have not ended")  # type: ignore[misc]
        while True:
            name = draw.choice(sorted(workers.processes))
            wait_for_start(platform, name, starts=starts[name])
            if _kill(platform, workers, name, (job_id, chunks), end):
                break
            end.spared += 1
        workers.start(name)
        starts[name] += 1
    job = platform.ended(job_id, within=300)
    end.seconds = time.perf_counter() - begin
    end.executions = ledger.executions(job_id).total()
    end.completed, end.failed = job["counts"]["completed"], job["counts"]["failed"]
    end.findings += platform.checker.check(job_id)
    if end.completed != end.tasks:
        end.findings.append(f"{job['counts']} of {end.tasks} tasks")
    if end.executions > end.tasks + end.in_flight:
        end.findings.append(f"{end.executions} executions, {end.tasks} + {end.in_flight} allowed")
    return end


def _kill(
    platform: Platform, workers: Workers, name: str, where: tuple[str, Sequence[int]], end: KillRun
) -> bool:
    """Kill the worker and count its running tasks; return False if it must be spared."""
    process = workers.freeze(name)
    leased, before = _leased(platform, name, where), None
    while leased != before:  # its latest grant may be written late
        leased, before = _leased(platform, name, where), leased
    if any(chunk.crashes >= CRASHES_TO_FAIL - 1 for chunk in leased):
        os.kill(process.pid, signal.SIGCONT)
        return False
    end.in_flight += sum(len(chunk.running) for chunk in leased)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return True


def _leased(platform: Platform, name: str, where: tuple[str, Sequence[int]]) -> list[Chunk]:
    rows = platform.checker.chunks.get_many(*where)
    return [row for row in rows if row.lease is not None and row.lease.worker == name]
