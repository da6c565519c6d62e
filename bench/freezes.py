"""Workers stopped past their lease and continued: what they report late is refused, by every sign.

In each round the worker that leased a task is stopped, but its child goes on and finishes. Once
another worker runs the task, the first is continued, and reports what it has. From then on the
other deletes one message; a second deleted would be the zombie's.
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

from bench.ledger import Ledger, judge, until
from bench.stand import Stand, crew, stand
from bench.tables import show
from local.application import STACK
from local.workers import Workers
from shoal.domain.chunk import Chunk

LEASE: Final = 3.0
WORKERS: Final = 2
REFUSED: Final = "a late report was refused"


@dataclass
class Freezes:
    """How often a worker was stopped, and what was seen of it.

    `given_up` counts zombies whose heartbeat was told so before they came to report.
    """

    rounds: int
    executions: int = 0
    refused: int = 0
    given_up: int = 0
    metric: int = 0
    deleted: int = 0
    findings: list[str] = field(default_factory=list)


def main() -> None:
    """Print the table; exit 1 if a late report did anything."""
    with stand(lease_seconds=LEASE, wait_seconds=5) as at, crew(at, WORKERS, slots=1) as workers:
        end = freeze(at, workers, Freezes(rounds=50))
    columns = (
        *("freezes", "executions", "late reports refused", "given up unreported"),
        *("StaleReports", "deleted by zombies", "findings"),
    )
    row = (
        *(end.rounds, end.executions, end.refused, end.given_up),
        *(end.metric, end.deleted, len(end.findings)),
    )
    show(f"Workers stopped past their lease of {LEASE:g} s, and continued", columns, [row])
    judge(end.findings)


def freeze(at: Stand, workers: Workers, end: Freezes) -> Freezes:
    """Play so many rounds, one after another, each with a job of one task."""
    jobs = [_play(at, workers, number, end) for number in range(end.rounds)]
    lines = list(_said(at))
    told = Counter(line["job"] for line in lines if line.get("message") == REFUSED)
    end.refused = told.total()
    end.given_up = sum(job_id not in told for job_id in jobs)
    end.metric = sum(line.get("StaleReports", 0) for line in lines)
    if end.metric != end.refused:
        end.findings.append(f"{end.refused} reports refused, but StaleReports is {end.metric}")
    if not end.refused:
        end.findings.append("no zombie came to report")
    return end


def _play(at: Stand, workers: Workers, number: int, end: Freezes) -> str:
    ledger, gate = Ledger(at.emulator.home / "ledger"), at.emulator.home / f"gate{number}"
    params = {"ledger": str(ledger.path), "gate": str(gate)}
    job_id = at.submit(task_type="gated", count=1, params=params, retry={"max_attempts": 1})
    name, zombie = _stopped_with_a_finished_task(at, workers, ledger, gate, job_id)
    row, deleted = _row(at, job_id), _deletes(at)
    os.kill(zombie, signal.SIGCONT)
    log = at.emulator.home / f"{name}.log"
    until(lambda: _lost(log.read_text(), job_id), "the zombie does not hear of it")
    now = _row(at, job_id)
    if (now.statuses, now.parts, now.attempts) != (row.statuses, row.parts, row.attempts):
        end.findings.append(f"round {number}: a late report changed {row} to {now}")
    _open(gate, "later")
    job = at.ended(job_id)
    results = at.users.get(f"/jobs/{job_id}/results").json()["items"]
    if job["status"] != "COMPLETED" or [item["result"]["epoch"] > 1 for item in results] != [True]:
        end.findings.append(f"round {number}: {job['status']} with {results}")
    until(lambda: _deletes(at) > deleted, "nobody deletes the message")
    if more := _deletes(at) - deleted - 1:
        end.deleted += more
        end.findings.append(f"round {number}: a zombie deleted a message")
    end.executions += ledger.executions(job_id).total()
    end.findings += at.checker.check(job_id)
    return job_id


def _stopped_with_a_finished_task(
    at: Stand, workers: Workers, ledger: Ledger, gate: Path, job_id: str
) -> tuple[str, int]:
    """Stop the worker that has the task, while another takes it; its name and process id."""

    def noted(what: str, *, later: bool) -> bool:
        return any(e.what == what and (e.epoch > 1) is later for e in ledger.entries(job_id))

    until(lambda: noted("begin", later=False), "nobody runs the task")
    lease = _row(at, job_id).lease
    if lease is None:
        raise RuntimeError("the task runs without a lease")
    pid = workers.freeze(lease.worker).pid
    _open(gate, "first")
    until(lambda: noted("end", later=False), "the zombie's child does not finish")
    until(lambda: noted("begin", later=True), "nobody else runs the task")
    return lease.worker, pid


def _open(gate: Path, lease: str) -> None:
    gate.with_name(f"{gate.name}.{lease}").touch()


def _row(at: Stand, job_id: str) -> Chunk:
    row = at.checker.chunks.get(job_id, 0)
    if row is None:
        raise LookupError(f"{job_id} has no row")
    return row


def _deletes(at: Stand) -> int:
    """How often workers have asked SQS to delete messages, so far."""
    requests = at.meter()["sqs.requests"]
    return round(requests.get("DeleteMessageBatch", 0) + requests.get("DeleteMessage", 0))


def _lost(log: str, job_id: str) -> bool:
    """Whether a worker's log says that its lease of the job is lost."""
    return any("lease is lost" in line and job_id in line for line in log.splitlines())


def _said(at: Stand) -> Iterator[dict[str, Any]]:
    """What the functions have logged as JSON."""
    logs = at.emulator.client("logs")
    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupName=f"/shoal/{STACK}/functions"
    )
    for page in pages:
        for event in page["events"]:
            if event["message"].startswith("{"):
                yield json.loads(event["message"])
