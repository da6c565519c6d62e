"""Stops workers past their lease and continues them: what they report late is rejected.

In each round the worker that leased a task is stopped, but its child process finishes the task.
Once another worker runs the task, the first worker continues and reports its outcome. From then on
the other worker deletes one message. A second deleted message would be the first worker's.
"""

from __future__ import annotations

import json
import os
import signal
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from local.application import STACK
from local.workers import Workers
from shoal.domain.chunk import Chunk
from tests.support.execution_log import ExecutionLog, wait_until
from tests.support.platform import Platform

LEASE: Final = 3.0
WORKERS: Final = 2
REJECTED: Final = "stale report refused"


@dataclass
class FreezeRun:
    """How often a worker was stopped, and the outcome.

    `given_up` counts workers that learned of the lost lease from a heartbeat, before they reported.
    """

    rounds: int
    executions: int = 0
    rejected: int = 0
    given_up: int = 0
    metric: int = 0
    deleted: int = 0
    findings: list[str] = field(default_factory=list)


def freeze_workers(platform: Platform, workers: Workers, end: FreezeRun) -> FreezeRun:
    """Run the rounds one after another, each with a job of one task."""
    jobs = [_run_round(platform, workers, number, end) for number in range(end.rounds)]
    lines = list(_log_lines(platform))
    rejected = Counter(line["job"] for line in lines if line.get("message") == REJECTED)
    end.rejected = rejected.total()
    end.given_up = sum(job_id not in rejected for job_id in jobs)
    end.metric = sum(line.get("StaleReports", 0) for line in lines)
    if end.metric != end.rejected:
        end.findings.append(f"{end.rejected} reports rejected, but StaleReports is {end.metric}")
    if not end.rejected:
        end.findings.append("no worker reported late")
    return end


def _run_round(platform: Platform, workers: Workers, number: int, end: FreezeRun) -> str:
    home = platform.emulator.home
    ledger, gate = ExecutionLog(home / "ledger"), home / f"gate{number}"
    params = {"ledger": str(ledger.path), "gate": str(gate)}
    job_id = platform.submit(task_type="gated", count=1, params=params, retry={"max_attempts": 1})
    name, pid = _stop_with_a_finished_task(platform, workers, ledger, gate, job_id)
    row, deleted = _row(platform, job_id), _deletes(platform)
    os.kill(pid, signal.SIGCONT)
    log = platform.emulator.home / f"{name}.log"
    wait_until(
        lambda: _lost(log.read_text(), job_id),
        "the stopped worker does not notice that its lease is lost",
    )
    now = _row(platform, job_id)
    if (now.statuses, now.parts, now.attempts) != (row.statuses, row.parts, row.attempts):
        end.findings.append(f"round {number}: a late report changed {row} to {now}")
    _open(gate, "later")
    job = platform.ended(job_id)
    results = platform.users.get(f"/jobs/{job_id}/results").json()["items"]
    if job["status"] != "COMPLETED" or [item["result"]["epoch"] > 1 for item in results] != [True]:
        end.findings.append(f"round {number}: {job['status']} with {results}")
    wait_until(lambda: _deletes(platform) > deleted, "no worker deletes the message")
    if more := _deletes(platform) - deleted - 1:
        end.deleted += more
        end.findings.append(f"round {number}: the stopped worker deleted a message")
    end.executions += ledger.executions(job_id).total()
    end.findings += platform.checker.check(job_id)
    return job_id


def _stop_with_a_finished_task(
    platform: Platform, workers: Workers, ledger: ExecutionLog, gate: Path, job_id: str
) -> tuple[str, int]:
    """Stop the worker that runs the task until another takes it; return its name and process id."""

    def logged(what: str, *, later: bool) -> bool:
        return any(e.what == what and (e.epoch > 1) is later for e in ledger.entries(job_id))

    wait_until(lambda: logged("begin", later=False), "no worker runs the task")
    lease = _row(platform, job_id).lease
    if lease is None:
        raise RuntimeError("the task runs without a lease")
    pid = workers.freeze(lease.worker).pid
    _open(gate, "first")
    wait_until(
        lambda: logged("end", later=False), "the child of the stopped worker does not finish"
    )
    wait_until(lambda: logged("begin", later=True), "no other worker runs the task")
    return lease.worker, pid


def _open(gate: Path, lease: str) -> None:
    gate.with_name(f"{gate.name}.{lease}").touch()


def _row(platform: Platform, job_id: str) -> Chunk:
    row = platform.checker.chunks.get(job_id, 0)
    if row is None:
        raise LookupError(f"{job_id} has no row")
    return row


def _deletes(platform: Platform) -> int:
    """Return how many requests to delete messages workers have sent to SQS."""
    requests = platform.meter()["sqs.requests"]
    return round(requests.get("DeleteMessageBatch", 0) + requests.get("DeleteMessage", 0))


def _lost(log: str, job_id: str) -> bool:
    """Return whether a worker has logged that its lease of the job is lost."""
    return any("lease lost" in line and job_id in line for line in log.splitlines())


def _log_lines(platform: Platform) -> Iterator[dict[str, Any]]:
    """Yield what the functions have logged as JSON."""
    logs = platform.emulator.client("logs")
    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupName=f"/shoal/{STACK}/functions"
    )
    for page in pages:
        for event in page["events"]:
            if event["message"].startswith("{"):
                yield json.loads(event["message"])
