"""Runs tasks longer than the lease and the visibility timeout of their messages: each runs once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tests.support.execution_log import ExecutionLog
from tests.support.platform import Platform

LEASE: Final = 2.0
WORKERS: Final = 3
SLOTS: Final = 4


@dataclass(frozen=True, slots=True)
class LongTaskRun:
    """A job of long tasks and its outcome."""

    tasks: int
    chunk: int
    seconds: float
    executions: int
    findings: list[str]


def run_long_tasks(platform: Platform, *, tasks: int, chunk: int, seconds: float) -> LongTaskRun:
    """Run a job of long tasks."""
    ledger = ExecutionLog(platform.emulator.home / "ledger")
    job_id = platform.submit(
        task_type="noted",
        count=tasks,
        chunk_size=chunk,
        params={"ledger": str(ledger.path), "seconds": seconds},
        retry={"max_attempts": 1},
    )
    job = platform.ended(job_id, within=30 * seconds)
    executions = ledger.executions(job_id)
    findings = platform.checker.check(job_id)
    findings += [f"task {i} ran {n} times" for i, n in sorted(executions.items()) if n > 1]
    if job["counts"]["completed"] != tasks:
        findings.append(f"{job['counts']} of {tasks} tasks")
    return LongTaskRun(tasks, chunk, seconds, executions.total(), findings)
