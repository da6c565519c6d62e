"""Drains busy workers with SIGTERM: each exits within its grace period; no task runs twice."""

from __future__ import annotations

import random
import signal
import subprocess
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from local.workers import GRACE_SECONDS, Workers
from tests.support.execution_log import ExecutionLog, wait_for_start, wait_until
from tests.support.platform import Platform

LEASE: Final = 10.0
"""Long enough that no lease lapses on a busy machine: only a drain can make a task run twice."""
WORKERS: Final = 4
SLOTS: Final = 2
_LATEST: Final = 60.0


@dataclass
class DrainRun:
    """A job, how often its workers are drained, and the outcome."""

    tasks: int
    drains: int
    executions: int = 0
    seconds: list[float] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)


def drain_workers(
    platform: Platform, workers: Workers, end: DrainRun, *, seed: int = 0
) -> DrainRun:
    """Run a job and drain its workers one after another as it makes progress."""
    draw = random.Random(seed)  # noqa: S311 - a run can be repeated
    ledger = ExecutionLog(platform.emulator.home / "ledger")
    starts = Counter(dict.fromkeys(workers.processes, 1))
    job_id = platform.submit(
        task_type="noted",
        count=end.tasks,
        chunk_size=10,
        params={"ledger": str(ledger.path), "seconds": 0.2},
        retry={"max_attempts": 1},
    )
    for number in range(end.drains):
        due = end.tasks * (number + 1) // (end.drains + 2)
        wait_until(lambda due=due: ledger.ended(job_id) >= due, f"{due} tasks have not ended")  # type: ignore[misc]
        name = draw.choice(sorted(workers.processes))
        wait_for_start(platform, name, starts=starts[name])
        _drain_one(workers, name, end)
        starts[name] += 1
    job = platform.ended(job_id, within=300)
    executions = ledger.executions(job_id)
    end.executions = executions.total()
    end.findings += [f"task {i} ran {n} times" for i, n in sorted(executions.items()) if n > 1]
    end.findings += platform.checker.check(job_id)
    if job["counts"]["completed"] != end.tasks:
        end.findings.append(f"{job['counts']} of {end.tasks} tasks")
    return end


def _drain_one(workers: Workers, name: str, end: DrainRun) -> None:
    process = workers.processes[name]
    begin = time.monotonic()
    process.send_signal(signal.SIGTERM)
    try:
        code = process.wait(_LATEST)
    except subprocess.TimeoutExpired:
        process.kill()
        code = process.wait()
    seconds = time.monotonic() - begin
    end.seconds.append(seconds)
    if code != 0:
        end.findings.append(f"{name} exited with code {code}")
    if seconds > GRACE_SECONDS:
        end.findings.append(f"{name} took {seconds:.1f} s to exit")
    workers.start(name)
