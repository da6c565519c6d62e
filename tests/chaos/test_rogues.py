"""The rogues' gallery: one job of 500 tasks, and in it whatever a task can do to its worker."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bench.stand import Stand, stand
from local.workers import Workers
from tests.chaos.rogue_tasks import ROGUES

pytestmark = [pytest.mark.twin, pytest.mark.timeout(600)]

TASKS, EVERY, CHUNK = 500, 12, 25
TIMEOUT = 3.0
HERE = Path(__file__).parents[2]


def kinds() -> list[str]:
    """A rogue at every twelfth place, each of them two or three times."""
    names = list(ROGUES)
    return [
        names[index // EVERY % len(names)] if index % EVERY == 0 else "none"
        for index in range(TASKS)
    ]


@pytest.fixture(scope="module")
def at() -> Iterator[Stand]:
    with stand(lease_seconds=10, wait_seconds=10) as made:
        yield made


@pytest.fixture(scope="module")
def workers(at: Stand) -> Iterator[Workers]:
    with at.twin.workers(slots=2, tasks="tests.chaos.rogue_tasks", paths=(HERE,)) as crew:
        for number in range(2):
            crew.start(f"w{number}")
        at.await_types("rogue")
        yield crew


def tasks(at: Stand, job_id: str, status: str) -> list[dict[str, Any]]:
    found, query = [], {"status": status, "limit": "100"}
    while True:
        page = at.users.get(f"/jobs/{job_id}/tasks", params=query).json()
        found += page["items"]
        if page["next_token"] is None:
            return found
        query["next_token"] = page["next_token"]


def test_every_rogue_fails_alone_with_its_reason(at: Stand, workers: Workers) -> None:
    given = kinds()
    before = {name: process.pid for name, process in workers.processes.items()}

    job_id = at.submit(
        task_type="rogue",
        inputs=[{"kind": kind} for kind in given],
        chunk_size=CHUNK,
        timeout=TIMEOUT,
        retry={"max_attempts": 1},
    )
    job = at.ended(job_id, within=500)

    rogues = {index: kind for index, kind in enumerate(given) if kind != "none"}
    assert set(rogues.values()) == set(ROGUES)
    assert job["counts"]["completed"] == TASKS - len(rogues)
    failed = {task["index"]: task for task in tasks(at, job_id, "FAILED")}
    reasons = {index: task["error"]["type"] for index, task in failed.items()}
    assert reasons == {index: ROGUES[kind][1] for index, kind in rogues.items()}
    assert all(task["duration"] < TIMEOUT + 2 for task in failed.values())
    assert Counter(task["attempts"] for task in failed.values()) == {1: len(rogues)}
    assert at.auditor.audit(job_id) == []
    assert [process.poll() for process in workers.processes.values()] == [None] * len(before)
    assert {name: process.pid for name, process in workers.processes.items()} == before
