"""Tests of the attempts of a task."""

from collections.abc import Iterator
from typing import Any

import pytest

from shoal.domain.chunk import Granted
from shoal.service import attempts
from tests.unit.handlers.http_calls import (
    Json,
    World,
    acknowledge,
    call,
    callback,
    lease,
    outcome,
    report,
    start,
    submit,
)

LENGTH = 60.0
BOOM = {"type": "ValueError", "message": "no", "tail": "opening\n", "retryable": True}
RETRY = {"max_attempts": 3, "backoff": 0.0}


def began(**fields: Any) -> str:
    job = submit(count=1, **fields)
    start(job)
    return job


def tried(job: str, worker: str, attempt: int = 1, *, error: Json = None, index: int = 0) -> None:
    """Run one attempt of the job's only chunk, from lease to report."""
    granted = lease(job, worker=worker, request=f"request-{worker}-{attempt}")
    end = outcome(index, error=error, result={"n": 1} if error is None else None)
    reported(granted, worker, [end | {"attempt": attempt}])


def reported(granted: Json, worker: str, outcomes: list[Json], **fields: Json) -> None:
    each = {
        "job_id": granted["job_id"],
        "chunk": granted["chunk"],
        "epoch": granted["epoch"],
        "report": 1,
        "final": True,
        "outcomes": outcomes,
        **fields,
    }
    answer = callback("reports", {"worker": worker, "reports": [each]})
    assert answer.json["reports"][0]["decision"] == "accepted", answer.text


def asked(job: str, query: str = "") -> Json:
    answer = call("GET", f"/tasks/{job}.0/attempts", query=query)
    assert answer.status == 200, answer.text
    return answer.json


def pages(job: str, limit: int) -> Iterator[Json]:
    page = asked(job, f"limit={limit}")
    yield page
    while page["next_token"]:
        page = asked(job, f"limit={limit}&next_token={page['next_token']}")
        yield page


def test_each_attempt_has_its_worker_its_lease_and_its_outcome() -> None:
    job = began(retry=RETRY)
    tried(job, "w-1", error=BOOM)
    tried(job, "w-2", attempt=2)

    found = asked(job)

    first, second = found["items"]
    assert first == {
        "outcome": "failed",
        "generation": 1,
        "attempt": 1,
        "epoch": 1,
        "report": 1,
        "worker": "w-1",
        "started_at": "2027-01-15T08:00:00.000Z",
        "finished_at": "2027-01-15T08:00:00.500Z",
        "duration": 0.5,
        "progress": None,
        "lease_until": None,
        "crashes": None,
        "error": BOOM,
        "result": None,
    }
    assert (second["outcome"], second["attempt"], second["epoch"]) == ("completed", 2, 2)
    assert (second["worker"], second["error"]) == ("w-2", None)
    assert call("GET", second["result"].removeprefix("/api/v1")).json["result"] == {"n": 1}
    assert found["next_token"] is None


def test_a_task_without_a_lease_has_no_attempts() -> None:
    unmade = submit(count=1)

    for job in (unmade, began()):
        assert asked(job) == {"items": [], "next_token": None}


def test_a_running_attempt_has_its_worker_progress_and_lease_expiry(
    world: World,
) -> None:
    job = began()
    granted = lease(job, worker="w-7")
    world.clock.advance(20.0)
    beat = {"job_id": job, "chunk": 0, "epoch": granted["epoch"], "index": 0, "progress": 0.25}
    callback("heartbeats", {"worker": "w-7", "leases": [beat]})

    (running,) = asked(job)["items"]

    assert running["outcome"] == "running"
    assert (running["worker"], running["epoch"], running["attempt"]) == ("w-7", 1, 1)
    assert (running["progress"], running["crashes"]) == (0.25, 0)
    assert running["lease_until"] > granted["until"]
    assert running["started_at"] is None


def test_the_attempt_of_a_dead_worker_continues_with_the_next_worker(world: World) -> None:
    job = began()
    acknowledge(lease(job, worker="w-1"), 0)
    world.clock.advance(LENGTH)
    lease(job, worker="w-2", request="request-2")

    (running,) = asked(job)["items"]

    assert (running["worker"], running["attempt"], running["epoch"]) == ("w-2", 1, 2)
    assert running["crashes"] == 1


def test_a_worker_died_attempt_names_the_last_worker(world: World) -> None:
    job = began()
    for number in range(3):
        granted = lease(job, worker=f"w-{number}", request=f"request-{number}")
        acknowledge(granted, 0, worker=f"w-{number}")
        world.clock.advance(LENGTH)
    lease(job, worker="w-9", request="request-9")

    (verdict,) = asked(job)["items"]

    assert (verdict["outcome"], verdict["error"]["type"]) == ("worker_died", "WorkerDied")
    assert (verdict["worker"], verdict["epoch"], verdict["report"]) == ("w-2", 3, None)
    assert (verdict["started_at"], verdict["crashes"]) == (None, 3)
    assert verdict["finished_at"] is not None


def test_attempts_of_a_retried_job_differ_by_generation() -> None:
    job = began(retry={"max_attempts": 1})
    tried(job, "w-1", error=BOOM)
    call("POST", f"/jobs/{job}/retry")
    start(job, 2)
    tried(job, "w-2")

    told = [(each["generation"], each["attempt"], each["worker"]) for each in asked(job)["items"]]

    assert told == [(1, 1, "w-1"), (2, 1, "w-2")]


def test_an_attempt_that_a_cancel_ended_is_cancelled() -> None:
    job = began(retry=RETRY)
    tried(job, "w-1", error=BOOM)
    lease(job, worker="w-2", request="request-2")
    call("POST", f"/jobs/{job}/cancel")
    start(job)

    found = asked(job)["items"]

    assert [(each["outcome"], each["attempt"]) for each in found] == [
        ("failed", 1),
        ("cancelled", 2),
    ]


def test_the_caller_of_a_single_task_route_is_its_worker() -> None:
    job = began()
    call("POST", f"/tasks/{job}.0/running", {"worker": "ada"})
    call("POST", f"/tasks/{job}.0/complete", {"worker": "ada", "result": 7})

    assert [each["worker"] for each in asked(job)["items"]] == ["ada"]


def test_tasks_of_one_chunk_have_separate_attempts() -> None:
    job = submit(count=2, chunk_size=2)
    start(job)
    granted = lease(job)
    report(granted, [outcome(0, error=BOOM), outcome(1)])

    (first,) = call("GET", f"/tasks/{job}.0/attempts").json["items"]
    (second,) = call("GET", f"/tasks/{job}.1/attempts").json["items"]

    assert (first["outcome"], second["outcome"]) == ("failed", "completed")


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 100])
def test_pages_list_all_attempts_back_from_the_latest(
    monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    monkeypatch.setattr(attempts, "PARTS_AT_ONCE", 2)
    job = began(retry={"max_attempts": 7, "backoff": 0.0})
    for attempt in range(1, 7):
        tried(job, f"w-{attempt}", attempt, error=BOOM)
    lease(job, worker="w-7", request="request-7")

    found = [[each["attempt"] for each in page["items"]] for page in pages(job, limit)]

    assert all(len(page) <= limit for page in found)
    assert [number for page in reversed(found) for number in page] == [*range(1, 8)]


def test_a_page_has_the_latest_attempts_that_fit_into_one_response(world: World) -> None:
    job = began(retry={"max_attempts": 100, "backoff": 0.0})
    wide = {**BOOM, "tail": "\x07" * 8_192, "message": "\x07" * 2_048}
    for attempt in range(1, 91):
        world.clock.advance(1.0)
        tried(job, "w-1", attempt, error=wide)

    found = [*pages(job, 100)]

    assert [len(page["items"]) < 90 for page in found] == [True, True]
    numbers = [each["attempt"] for page in reversed(found) for each in page["items"]]
    assert numbers == [*range(1, 91)]


def test_an_attempt_whose_part_has_expired_has_an_unknown_outcome(
    world: World,
) -> None:
    job = began()
    part = {"job_id": job, "chunk": 0, "epoch": 1, "report": 1}
    granted = lease(job)
    key = callback("parts", {"worker": "w-1", **part, "size": 2}).json["key"]
    before = world.chunks.uploads.snapshot()
    world.chunks.uploads.put(key, b"[]")
    reported(granted, "w-1", [outcome(0)], part={"key": key})
    world.chunks.uploads.restore(before)

    (lost,) = asked(job)["items"]

    assert (lost["outcome"], lost["attempt"], lost["epoch"]) == ("unknown", None, 1)
    assert world.chunks.get(job, 0) is not None


@pytest.mark.parametrize("limit", [0, 101])
def test_a_limit_out_of_bounds_is_refused(limit: int) -> None:
    assert call("GET", f"/tasks/{began()}.0/attempts", query=f"limit={limit}").status == 422


def test_a_token_of_another_task_is_refused() -> None:
    job, other = began(retry=RETRY), began()
    tried(job, "w-1", error=BOOM)
    tried(job, "w-2", attempt=2)
    token = asked(job, "limit=1")["next_token"]

    answer = call("GET", f"/tasks/{other}.0/attempts", query=f"next_token={token}")

    assert answer.status == 422


def test_a_lease_written_while_its_job_ended_is_a_cancelled_attempt(world: World) -> None:
    job = submit(count=2, chunk_size=1)
    start(job)
    row = world.chunks.get(job, 0)
    assert row is not None
    late = row.grant("w-7", "request-7", world.clock.now(), LENGTH)
    assert isinstance(late, Granted)
    call("POST", f"/jobs/{job}/cancel")
    start(job)
    world.chunks.put(late.chunk)

    (cut,) = asked(job)["items"]

    assert (cut["outcome"], cut["worker"], cut["epoch"]) == ("cancelled", "w-7", 1)
    assert cut["lease_until"] is None
