"""Tests of the reasons for a status that come from workers and from users' actions."""

from typing import Any

import pytest

from tests.unit.handlers.http_calls import Json, World, call, callback, lease, start, submit

NOOP = {"name": "noop", "schema": {"type": "object"}}


def said(worker: str, types: Json = (NOOP,), **fields: Any) -> None:
    promised = {"started_at": "2027-01-15T07:59:00Z", "every": 60}
    body = {"worker": worker, "task_types": [*types]} | promised | fields
    assert callback("workers", body).status == 200


@pytest.fixture
def job() -> str:
    job = submit(count=2, chunk_size=1)
    start(job)
    return job


def first(path: str) -> Json:
    return call("GET", f"{path}/why").json["reasons"][0]


def test_a_type_whose_workers_are_silent_or_left_has_no_worker(world: World, job: str) -> None:
    said("gone")
    said("gone", number=2, leaving=True)
    said("dead")
    world.clock.advance(181)

    assert first(f"/jobs/{job}") == first(f"/tasks/{job}.0")
    assert first(f"/jobs/{job}")["code"] == "no_worker_for_type"
    assert first(f"/jobs/{job}")["facts"] == {
        "task_type": "noop",
        "left": 1,
        "silent": 1,
        "last_seen_at": "2027-01-15T08:00:00.000Z",
    }


@pytest.mark.parametrize("spoken", [{"every": 600}, {"every": None}])
def test_one_worker_of_unknown_status_is_enough(world: World, job: str, spoken: Json) -> None:
    said("dead")
    said("there", **spoken)
    world.clock.advance(181)

    assert first(f"/jobs/{job}")["code"] == "queued"


def test_a_worker_of_other_types_does_not_count(world: World, job: str) -> None:
    said("dead")
    world.clock.advance(181)
    said("other", [{**NOOP, "name": "other"}], started_at="2027-01-15T08:03:00Z")

    assert first(f"/jobs/{job}")["code"] == "no_worker_for_type"


def test_no_worker_is_reported_missing_beyond_the_read_limit(world: World, job: str) -> None:
    for number in range(501):
        said(f"dead-{number:03}")
    world.clock.advance(181)

    assert first(f"/jobs/{job}")["code"] == "queued"


def test_a_job_that_waits_for_no_worker_has_no_missing_workers(job: str) -> None:
    said("gone")
    said("gone", number=2, leaving=True)
    for chunk in range(2):
        lease(job, chunk)

    assert first(f"/jobs/{job}")["code"] == "running"


def test_a_pause_has_its_user_and_time(world: World, job: str) -> None:
    world.clock.advance(60)
    call("POST", f"/jobs/{job}/pause")

    facts = first(f"/jobs/{job}")["facts"]

    assert facts["paused_by"] == "user of default"
    assert facts["paused_at"] == "2027-01-15T08:01:00.000Z"
