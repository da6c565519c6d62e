"""Tasks five times longer than the lease and the visibility of their messages: each runs once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bench.ledger import Ledger, judge
from bench.stand import Stand, crew, stand
from bench.tables import show

LEASE: Final = 2.0
WORKERS: Final = 3
SLOTS: Final = 4


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was run, and what is wrong with it."""

    tasks: int
    chunk: int
    seconds: float
    executions: int
    findings: list[str]


def main() -> None:
    """Print the table; exit 1 if a task ran twice."""
    with stand(lease_seconds=LEASE, wait_seconds=5) as at, crew(at, WORKERS, slots=SLOTS):
        outcomes = [run_long(at, tasks=24, chunk=chunk, seconds=5 * LEASE) for chunk in (1, 3)]
    rows = [(f"{o.tasks}, {o.chunk}", o.seconds, o.executions, len(o.findings)) for o in outcomes]
    columns = ("tasks, chunk", "seconds a task", "executions", "findings")
    show(f"Tasks longer than their lease and visibility of {LEASE:g} s", columns, rows)
    judge([finding for each in outcomes for finding in each.findings])


def run_long(at: Stand, *, tasks: int, chunk: int, seconds: float) -> Outcome:
    """Run a job of long tasks."""
    ledger = Ledger(at.emulator.home / "ledger")
    job_id = at.submit(
        task_type="noted",
        count=tasks,
        chunk_size=chunk,
        params={"ledger": str(ledger.path), "seconds": seconds},
        retry={"max_attempts": 1},
    )
    job = at.ended(job_id, within=30 * seconds)
    executions = ledger.executions(job_id)
    findings = at.checker.check(job_id)
    findings += [f"task {i} ran {n} times" for i, n in sorted(executions.items()) if n > 1]
    if job["counts"]["completed"] != tasks:
        findings.append(f"{job['counts']} of {tasks} tasks")
    return Outcome(tasks, chunk, seconds, executions.total(), findings)
