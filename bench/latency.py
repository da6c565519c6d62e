"""Warm p50 and p99 of each route while the tables hold a job of 100,000 tasks.

A route is measured while the platform rests; submits, which set the workflow going, one by one.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import quantiles
from typing import Any
from uuid import uuid4

import httpx

from bench.cpu import settle
from bench.tables import note, show
from shoal.domain.ids import task_id
from tests.support.platform import Platform, running_platform, running_workers
from tests.support.worker_calls import WorkerCalls, completed_outcomes

TASKS = 100_000
CALLS, FEW_CALLS = 300, 100
WARM = 12

SETS_GOING = ("POST /jobs", "POST /jobs/{id}/resume")
"""After these calls the workflow runs on the same processors for a while."""

type Call = Callable[[int], httpx.Response]


def main() -> None:
    """Print the table."""
    with running_platform(wait_seconds=600) as platform:  # otherwise open jobs wake up repeatedly
        with running_workers(platform, 2, slots=4):
            filled = platform.run(task_type="noop", count=TASKS, chunk_size=100)
        live = platform.submit(task_type="sleepy", count=TASKS, chunk_size=100, priority="low")
        platform.users.post(f"/jobs/{live}/pause")
        rows = [
            (name, *_measured(platform, name, call))
            for name, call in _routes(platform, filled.job["id"], live)
        ]
    show(f"Warm latency in ms over {CALLS} calls, one at a time", ("route", "p50", "p99"), rows)
    note("The emulator, its functions and this client share the two cores of this machine.")


def _measured(platform: Platform, name: str, call: Call) -> tuple[str, str]:
    spent, one_by_one = [], name in SETS_GOING
    settle(platform)
    for number in range(WARM + (FEW_CALLS if one_by_one else CALLS)):
        if one_by_one:
            settle(platform)
        begin = time.perf_counter()
        answer = call(number)
        spent.append(1_000 * (time.perf_counter() - begin))
        if not answer.is_success:
            raise SystemExit(f"{name}: {answer.status_code} {answer.text}")
    cuts = quantiles(spent[WARM:], n=100)
    return f"{cuts[49]:.1f}", f"{cuts[98]:.1f}"


def _routes(platform: Platform, done: str, live: str) -> list[tuple[str, Call]]:
    users = platform.users

    def get(path: str) -> Call:
        return lambda _: users.get(path)

    def post(path: str, body: Any = None) -> Call:
        return lambda _: users.post(path, json=body)

    def submit(_: int) -> httpx.Response:
        return users.post("/jobs", json={"task_type": "noop", "count": 10, "chunk_size": 10})

    return [
        ("GET /jobs", get("/jobs?limit=50")),
        ("GET /jobs/{id}", get(f"/jobs/{done}")),
        ("GET /jobs/{id}, under way", get(f"/jobs/{live}")),
        ("GET /jobs/{id}/tasks, limit 100", get(f"/jobs/{done}/tasks?limit=100")),
        ("GET /jobs/{id}/tasks, FAILED of none", get(f"/jobs/{done}/tasks?status=FAILED")),
        ("GET /jobs/{id}/tasks, the 10 slowest", get(f"/jobs/{done}/tasks?order=slowest&limit=10")),
        ("GET /jobs/{id}/map", get(f"/jobs/{done}/map")),
        ("GET /jobs/{id}/map, under way", get(f"/jobs/{live}/map")),
        ("GET /jobs/{id}/results, limit 100", get(f"/jobs/{done}/results?limit=100")),
        ("GET /tasks/{id}", lambda n: users.get(f"/tasks/{task_id(done, n * 700 % TASKS)}")),
        ("GET /task-types", get("/task-types")),
        ("GET /health", get("/health")),
        ("POST /inputs", post("/inputs")),
        ("POST /jobs/{id}/pause", post(f"/jobs/{live}/pause")),
        ("POST /jobs/{id}/resume", post(f"/jobs/{live}/resume")),
        *_worker_routes(platform, live),
        ("POST /jobs", submit),
    ]


def _worker_routes(platform: Platform, live: str) -> list[tuple[str, Call]]:
    """Calls of a worker, each on a different chunk of the running job."""
    calls = WorkerCalls(platform)
    granted: dict[int, tuple[dict[str, Any], list[Any]]] = {}

    def lease(number: int) -> httpx.Response:
        chunk = {"job_id": live, "chunk": 999 - number}
        asked = {"worker": "bench", "request_id": uuid4().hex, "chunks": [chunk], "tokens": True}
        answer = calls.post("leases", asked)
        (said,) = answer.json()["leases"]
        if said["decision"] == "granted":
            place = {**chunk, "epoch": said["epoch"], "token": said["token"]}
            granted[number] = place, said["tasks"]
        return answer

    def beat(number: int) -> httpx.Response:
        place, tasks = granted[number]
        lease = {**place, "index": tasks[0]["index"], "progress": 0.5}
        return calls.post("heartbeats", {"worker": "bench", "leases": [lease]})

    def report(number: int) -> httpx.Response:
        place, tasks = granted[number]
        entry = {**place, "report": 1, "final": True, "outcomes": completed_outcomes(tasks)}
        return calls.post("reports", {"worker": "bench", "reports": [entry]})

    return [
        ("POST /leases, a chunk of 100", lease),
        ("POST /heartbeats", beat),
        ("POST /reports, a chunk of 100", report),
    ]
