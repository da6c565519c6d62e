"""Why a job does not run, on the whole platform: rows, queues and executions as they really are.

Jobs here go to the queue `low`, which no worker of these tests drains.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.twin import Twin
from tests.twin.polling import Json, ended, eventually

pytestmark = [pytest.mark.twin, pytest.mark.timeout(300)]

type Submit = Callable[..., str]


@pytest.fixture
def submit(users: httpx.Client) -> Iterator[Submit]:
    """Submits jobs, and cancels them when the test is over."""
    jobs: list[str] = []

    def new(**spec: Any) -> str:
        answer = users.post("jobs", json={"task_type": "noop", **spec})
        assert answer.status_code == 201, answer.text
        jobs.append(answer.json()["id"])
        return jobs[-1]

    yield new
    for job in jobs:
        users.post(f"jobs/{job}/cancel")
    for job in jobs:
        ended(users, job)


def because(users: httpx.Client, path: str, code: str) -> Json:
    """The first reason, once it is this one."""

    def first() -> Json | None:
        answer = users.get(f"{path}/why")
        assert answer.status_code == 200, answer.text
        reason: Json = answer.json()["reasons"][0]
        return reason if reason["code"] == code else None

    return eventually(first)


def test_a_job_that_no_worker_takes_waits_in_its_queue(users: httpx.Client, submit: Submit) -> None:
    job = submit(count=4, chunk_size=2, priority="low")

    reason = because(users, f"jobs/{job}", "queued")

    assert reason["facts"]["priority"] == "low"
    eventually(lambda: users.get("queues").json()["items"][2]["waiting"] >= 2)
    eventually(lambda: users.get("queues").json()["items"][2]["oldest_age"] is not None)


def test_a_paused_job_without_running_tasks_is_shown_as_drained(
    users: httpx.Client, submit: Submit
) -> None:
    job = submit(count=1, priority="low")
    users.post(f"jobs/{job}/pause")

    facts = because(users, f"jobs/{job}", "paused")["facts"]
    assert facts["drained"] is True
    assert facts["paused_by"]
    assert facts["paused_at"].endswith("Z")


def test_a_full_window_is_named(users: httpx.Client, submit: Submit, tmp_path: Path) -> None:
    go = tmp_path / "go"
    job = submit(
        task_type="exists", count=4, chunk_size=1, max_parallelism=1, params={"path": str(go)}
    )

    reason = because(users, f"jobs/{job}", "window_full")
    go.touch()

    assert reason["facts"] == {"max_parallelism": 1, "waiting_chunks": 3}
    assert ended(users, job)["status"] == "COMPLETED"
    because(users, f"jobs/{job}", "completed")


def test_a_failed_attempt_shows_when_the_next_one_starts(
    users: httpx.Client, submit: Submit
) -> None:
    retry = {"max_attempts": 2, "backoff": 300.0}
    job = submit(task_type="fail_below", count=1, params={"attempts": 2}, retry=retry)

    reason = because(users, f"tasks/{job}.0", "retry_at")

    assert "because attempt 1 failed: ValueError: attempt 1" in reason["sentence"]


def test_a_worker_that_took_a_task_and_never_spoke_again_is_silent(
    users: httpx.Client, submit: Submit
) -> None:
    job = submit(count=1, priority="low")
    because(users, f"jobs/{job}", "queued")
    taken = users.post(f"tasks/{job}.0/running", json={"worker": "w-lost"})
    assert taken.status_code == 200, taken.text

    reason = because(users, f"jobs/{job}", "worker_silent")

    assert reason["facts"]["worker"] == "w-lost"


def test_a_type_whose_only_worker_was_killed_has_no_worker_since_then(
    users: httpx.Client, submit: Submit, twin: Twin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOAL_ANNOUNCE_SECONDS", "1")
    loners = twin.workers(
        slots=1,
        tasks="single_worker_tasks",
        paths=(Path(__file__).parent,),
        leave=("normal", "low"),
    )
    with loners:
        process = loners.start("w-lonely")
        eventually(lambda: _state(users, "w-lonely") == "alive")
        process.kill()
        process.wait()
        job = submit(task_type="lonely", count=1, priority="low")

        reason = because(users, f"jobs/{job}", "no_worker_for_type")

    assert (reason["facts"]["silent"], reason["facts"]["left"]) == (1, 0)
    assert _state(users, "w-lonely") == "silent"


def test_a_type_whose_only_worker_was_drained_has_no_worker(
    users: httpx.Client, submit: Submit, twin: Twin
) -> None:
    leavers = twin.workers(
        slots=1,
        tasks="drained_worker_tasks",
        paths=(Path(__file__).parent,),
        leave=("normal", "low"),
    )
    with leavers:
        leavers.start("w-leaving")
        eventually(lambda: _state(users, "w-leaving") == "alive")
    job = submit(task_type="leaving", count=1, priority="low")

    reason = because(users, f"jobs/{job}", "no_worker_for_type")

    assert (reason["facts"]["silent"], reason["facts"]["left"]) == (0, 1)
    assert _state(users, "w-leaving") == "left"


def _state(users: httpx.Client, name: str) -> str | None:
    answer = users.get("workers", params={"limit": 100})
    assert answer.status_code == 200, answer.text
    return {each["name"]: each["state"] for each in answer.json()["items"]}.get(name)
