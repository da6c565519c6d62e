"""Functions that stand in for ours while the real workflow runs; the job's name is the script."""

from typing import Any

import boto3

CHUNKS, RANGE = 65_536, 500


def plan_tasks(event: dict[str, Any], _: object) -> dict[str, Any]:
    if "bad-plan" in event["job"]:
        raise LookupError("no such table")
    if "superseded" in event["job"] or event["n"] > 1:
        return {"ranges": []}
    chunks = CHUNKS if "huge" in event["job"] else RANGE
    firsts = range(0, chunks, RANGE)
    return {"ranges": [{"first": n, "count": min(RANGE, chunks - n)} for n in firsts]}


def create_tasks(event: dict[str, Any], _: object) -> dict[str, Any]:
    if "bad-range" in event["job"]:
        raise LookupError("no such row")
    return {key: event[key] for key in ("job", "generation", "first", "count")}


enqueue_tasks = create_tasks


def monitor_completion(event: dict[str, Any], _: object) -> dict[str, Any]:
    passes, job, reason = event["passes"] + 1, event["job"], None
    if "hand-over" in job and event["n"] == 1:
        decision = "hand_over"
    elif "fails" in job:
        decision, reason = "failed", "3 tasks failed"
    elif "cancelled" in job:
        decision = "cancelled"
    else:
        decision = "completed" if passes > _waits(job) else "wait"
    return {"decision": decision, "passes": passes, "seen": {"at": passes}, "reason": reason}


def wait_and_retry(event: dict[str, Any], _: object) -> dict[str, Any]:
    if "woken" in event["job"]:
        boto3.client("stepfunctions").send_task_success(taskToken=event["token"], output="{}")
    return {}


def fail_job(event: dict[str, Any], _: object) -> dict[str, Any]:
    if "bad-end" in event["job"]:
        raise LookupError("not even this")
    return {"closed": True}


def _waits(job: str) -> int:
    """`woken-5` waits five times."""
    last = job.rsplit("-", 1)[-1]
    return int(last) if last.isdigit() else 0
