"""Jobs from POST to their end, over HTTP, on the real template and the real state machine."""

import json
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.twin.polling import Json, ended, eventually, results

pytestmark = [pytest.mark.twin, pytest.mark.timeout(300)]

type Finish = Callable[..., Json]


def test_a_job_by_count_completes(finish: Finish) -> None:
    job = finish(task_type="noop", count=250, chunk_size=20)

    assert job["status"] == "COMPLETED"
    assert job["counts"]["completed"] == 250
    assert job["finished_at"]


def test_a_job_of_single_task_chunks_completes(finish: Finish) -> None:
    job = finish(task_type="noop", count=30, chunk_size=1)

    assert job["counts"]["completed"] == 30


def test_a_grid_runs_each_cell_once(users: httpx.Client, finish: Finish) -> None:
    job = finish(task_type="noop", grid={"a": [1, 2, 3], "b": {"range": [0, 4]}}, params={"c": 9})

    cells = sorted((each["a"], each["b"], each["c"]) for each in results(users, job).values())
    assert cells == [(a, b, 9) for a in (1, 2, 3) for b in range(4)]


def test_inline_inputs_reach_their_tasks(users: httpx.Client, finish: Finish) -> None:
    job = finish(task_type="cpu", inputs=[{"n": n} for n in (10, 100, 1000)])

    assert [results(users, job)[index]["primes"] for index in range(3)] == [4, 25, 168]


def test_each_built_in_type_returns_a_verifiable_result(
    users: httpx.Client, finish: Finish
) -> None:
    waited = finish(task_type="io", count=2, params={"delay": 0.01})
    products = finish(task_type="matrix", inputs=[{"size": 16, "seed": 1}] * 2)

    assert waited["status"] == "COMPLETED"
    first, second = results(users, products).values()
    assert first == second


def test_an_uploaded_file_gives_a_task_a_line(users: httpx.Client, finish: Finish) -> None:
    upload = users.post("inputs").json()
    lines = "".join(json.dumps({"n": n}) + "\n" for n in range(500))
    put = httpx.put(upload["upload_url"], content=lines.encode(), headers=upload["upload_headers"])
    assert put.is_success, put.text

    job = finish(task_type="cpu", inputs_uri=upload["inputs_uri"], chunk_size=50)

    assert job["task_count"] == 500
    assert results(users, job)[499]["primes"] == 94


def test_invalid_lines_of_a_file_fail_the_job_with_their_numbers(
    users: httpx.Client, finish: Finish
) -> None:
    upload = users.post("inputs").json()
    lines = b'{"n": 1}\n{"n": "many"}\nnot json\n{"n": 4}\n'
    httpx.put(upload["upload_url"], content=lines, headers=upload["upload_headers"])

    job = finish(task_type="cpu", inputs_uri=upload["inputs_uri"])

    assert job["status"] == "FAILED"
    assert "line 2" in job["reason"]
    assert "line 3" in job["reason"]
    assert users.get(f"jobs/{job['id']}/tasks").json()["items"] == []


def test_failures_are_retried_by_the_policy_of_the_job(users: httpx.Client, finish: Finish) -> None:
    job = finish(
        task_type="fail_below",
        count=20,
        chunk_size=5,
        params={"attempts": 3},
        retry={"max_attempts": 3, "backoff": 0.01},
    )

    assert job["status"] == "COMPLETED"
    assert set(results(users, job).values()) == {3}


def test_a_misbehaving_task_fails_alone(users: httpx.Client, finish: Finish) -> None:
    job = finish(
        task_type="misbehave",
        inputs=[{"how": how} for how in ("exit", "hang", "object", "well", "fine")],
        chunk_size=5,
        timeout=1,
    )

    assert job["status"] == "FAILED"
    assert sorted(results(users, job).values()) == ["fine", "well"]
    failed = users.get(f"jobs/{job['id']}/tasks", params={"status": "FAILED"}).json()["items"]
    assert [task["error"]["type"] for task in failed] == ["WorkerChildDied", "Timeout", "NotJSON"]


def test_a_failed_job_is_retried_where_it_failed(
    users: httpx.Client, finish: Finish, tmp_path: Path
) -> None:
    there, missing = tmp_path / "there", tmp_path / "missing"
    there.touch()
    job = finish(
        task_type="needs",
        inputs=[{"path": str(there)}] * 5 + [{"path": str(missing)}],
        chunk_size=2,
    )
    assert (job["status"], job["counts"]["failed"]) == ("FAILED", 1)
    missing.touch()

    answer = users.post(f"jobs/{job['id']}/retry")

    assert answer.status_code == 202
    job = ended(users, job["id"])
    assert (job["status"], job["generation"], job["counts"]["completed"]) == ("COMPLETED", 2, 6)


def test_a_cancelled_job_ends_its_running_tasks(users: httpx.Client, tmp_path: Path) -> None:
    spec = {"task_type": "exists", "count": 50, "params": {"path": str(tmp_path / "never")}}
    job = users.post("jobs", json=spec | {"chunk_size": 5}).json()
    eventually(lambda: users.get(f"jobs/{job['id']}").json()["counts"]["running"])

    answer = users.post(f"jobs/{job['id']}/cancel")

    assert answer.status_code == 202
    job = ended(users, job["id"])
    assert (job["status"], job["counts"]["cancelled"]) == ("CANCELLED", 50)


def test_a_paused_job_continues_when_it_is_resumed(users: httpx.Client, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    spec = {"task_type": "exists", "count": 40, "chunk_size": 1, "params": {"path": str(gate)}}
    job = users.post("jobs", json=spec).json()
    eventually(lambda: users.get(f"jobs/{job['id']}").json()["counts"]["running"])
    assert users.post(f"jobs/{job['id']}/pause").status_code == 202
    gate.touch()
    eventually(lambda: not users.get(f"jobs/{job['id']}").json()["counts"]["running"])
    paused = users.get(f"jobs/{job['id']}").json()
    assert paused["paused"]
    assert paused["counts"]["pending"] > 0

    assert users.post(f"jobs/{job['id']}/resume").status_code == 202

    assert ended(users, job["id"])["counts"]["completed"] == 40


def test_a_job_with_a_window_completes(finish: Finish) -> None:
    job = finish(task_type="noop", count=60, chunk_size=3, max_parallelism=2)

    assert job["counts"]["completed"] == 60


def test_job_ends_early_when_more_than_max_failed_tasks_fail(finish: Finish) -> None:
    job = finish(
        task_type="misbehave",
        inputs=[{"how": "object"}] * 4 + [{"how": "hang"}] * 2,
        chunk_size=2,
        retry={"max_attempts": 1},
        max_failed=3,
    )

    assert job["status"] == "FAILED"
    assert job["reason"] == "4 tasks failed, more than max_failed 3"
    assert (job["counts"]["failed"], job["counts"]["cancelled"]) == (4, 2)


def test_single_task_routes_reject_a_leased_task(users: httpx.Client) -> None:
    spec = {"task_type": "exists", "count": 1, "params": {"path": "/nowhere"}}
    job = users.post("jobs", json=spec).json()
    task = f"{job['id']}.0"
    eventually(lambda: users.get(f"tasks/{task}").json()["status"] == "RUNNING")

    refused = users.post(f"tasks/{task}/complete", json={"worker": "me", "result": 1})

    assert refused.status_code == 409
    users.post(f"jobs/{job['id']}/cancel")
    assert ended(users, job["id"])["status"] == "CANCELLED"
