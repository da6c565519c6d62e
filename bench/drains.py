"""SIGTERMs to workers that are busy: each leaves within its grace, and no task runs twice."""

from __future__ import annotations

import random
import signal
import subprocess
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from bench.ledger import Ledger, awaited_start, judge, until
from bench.stand import Stand, crew, stand
from bench.tables import show
from local.workers import GRACE_SECONDS, Workers

LEASE: Final = 10.0
"""Long enough that a busy machine lets none lapse: what runs twice then, a drain let run twice."""
WORKERS: Final = 4
SLOTS: Final = 2
_LATEST: Final = 60.0


@dataclass
class Drained:
    """How the workers left and what came of their tasks."""

    tasks: int
    drains: int
    executions: int = 0
    seconds: list[float] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)


def main() -> None:
    """Print the table; exit 1 if a task ran twice or a worker outstayed its grace."""
    with (
        stand(lease_seconds=LEASE, wait_seconds=5) as at,
        crew(at, WORKERS, slots=SLOTS) as workers,
    ):
        end = drain(at, workers, Drained(tasks=2_000, drains=100))
    columns = ("tasks", "drains", "executions", "longest, s", "mean, s", "findings")
    mean = sum(end.seconds) / len(end.seconds)
    row = (
        *(f"{end.tasks:,}", end.drains, f"{end.executions:,}"),
        *(f"{max(end.seconds):.1f}", f"{mean:.1f}", len(end.findings)),
    )
    show(f"Workers drained under load, with a grace of {GRACE_SECONDS} s", columns, [row])
    judge(end.findings)


def drain(at: Stand, workers: Workers, end: Drained, *, seed: int = 0) -> Drained:
    """Run a job while its workers are drained one after another, in step with its progress."""
    draw = random.Random(seed)  # noqa: S311 - a run can be repeated
    ledger = Ledger(at.emulator.home / "ledger")
    starts = Counter(dict.fromkeys(workers.processes, 1))
    job_id = at.submit(
        task_type="noted",
        count=end.tasks,
        chunk_size=10,
        params={"ledger": str(ledger.path), "seconds": 0.2},
        retry={"max_attempts": 1},
    )
    for number in range(end.drains):
        due = end.tasks * (number + 1) // (end.drains + 2)
        until(lambda due=due: ledger.ended(job_id) >= due, f"{due} tasks have not ended")  # type: ignore[misc]
        name = draw.choice(sorted(workers.processes))
        awaited_start(at, name, starts=starts[name])
        _drain_one(workers, name, end)
        starts[name] += 1
    job = at.ended(job_id, within=300)
    executions = ledger.executions(job_id)
    end.executions = executions.total()
    end.findings += [f"task {i} ran {n} times" for i, n in sorted(executions.items()) if n > 1]
    end.findings += at.checker.check(job_id)
    if job["counts"]["completed"] != end.tasks:
        end.findings.append(f"{job['counts']} of {end.tasks} tasks")
    return end


def _drain_one(workers: Workers, name: str, end: Drained) -> None:
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
        end.findings.append(f"{name} left with code {code}")
    if seconds > GRACE_SECONDS:
        end.findings.append(f"{name} took {seconds:.1f} s to leave")
    workers.start(name)
