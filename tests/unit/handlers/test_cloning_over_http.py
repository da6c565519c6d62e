"""Tests of cloned jobs."""

import pytest

from shoal.domain.job import DAY
from tests.unit.handlers.http_calls import Json, World, call, lease, run, start, submit

KEPT = (
    "task_type",
    "name",
    "params",
    "priority",
    "max_parallelism",
    "timeout",
    "retry",
    "max_failed",
    "tags",
    "task_count",
)


def clone(job: str, body: Json = None, **kwargs: Json) -> Json:
    answer = call("POST", f"/jobs/{job}/clone", body, **kwargs)
    assert answer.status == 201, answer.text
    return answer.json


def test_a_clone_is_another_job_with_the_same_spec() -> None:
    job = submit(
        count=3,
        name="nightly",
        priority="high",
        max_parallelism=2,
        timeout=12.5,
        retry={"max_attempts": 3},
        max_failed=1,
        tags={"team": "ml"},
    )
    before = call("GET", f"/jobs/{job}").json

    answer = call("POST", f"/jobs/{job}/clone")

    after = answer.json
    assert (answer.status, answer.headers["Location"]) == (201, f"/api/v1/jobs/{after['id']}")
    assert after["id"] != job
    assert [after.get(field) for field in KEPT] == [before.get(field) for field in KEPT]
    assert (after["status"], after["generation"]) == ("PENDING", 1)


def test_a_clone_has_its_own_inputs(world: World) -> None:
    job = submit(inputs=[{"size": 1}, {"size": 2}], task_type="sized", chunk_size=1)
    start(job)
    before = set(world.blobs.snapshot()["_objects"])

    after = clone(job)
    start(after["id"])
    objects = world.blobs.snapshot()["_objects"]
    made = set(objects) - before
    world.blobs.restore({"_objects": {name: objects[name] for name in made}})

    assert after["task_count"] == 2
    assert all(name.startswith(f"inputs/{after['id']}/") for name in made)
    assert lease(after["id"], 1)["tasks"][0]["input"] == {"size": 2}


def test_only_the_fields_of_the_body_differ() -> None:
    job = submit(count=3, task_type="sized", params={"size": 1}, name="a", max_parallelism=2)

    after = clone(
        job,
        {
            "name": "b",
            "params": {"size": 7},
            "priority": "low",
            "max_parallelism": None,
            "timeout": 9.0,
            "retry": {"max_attempts": 2},
            "deadline": "2030-01-01T00:00:00Z",
            "tags": {"x": "y"},
        },
    )
    start(after["id"])

    assert (after["name"], after["priority"], after["max_parallelism"]) == ("b", "low", None)
    assert (after["timeout"], after["retry"]["max_attempts"]) == (9.0, 2)
    assert (after["deadline"], after["tags"]) == ("2030-01-01T00:00:00.000Z", {"x": "y"})
    assert call("GET", f"/tasks/{after['id']}.0").json["input"] == {"size": 7}


def test_a_deadline_is_not_cloned(world: World) -> None:
    job = submit(count=1, deadline="2027-02-01T00:00:00Z")
    world.clock.advance(30 * DAY)

    assert clone(job)["deadline"] is None


def test_invalid_params_are_refused() -> None:
    job = submit(count=1, task_type="sized", params={"size": 1})

    answer = call("POST", f"/jobs/{job}/clone", {"params": {"size": 0}})

    assert (answer.status, answer.fields) == (422, ["params"])


@pytest.mark.parametrize(
    "body", [{"count": 2}, {"priority": "urgent"}, {"params": {"x": "y" * 9_000}}, {"timeout": 0}]
)
def test_fields_that_a_clone_cannot_change_are_refused(body: Json) -> None:
    job = submit(count=1)

    assert call("POST", f"/jobs/{job}/clone", body).status == 422


def test_a_repeated_key_returns_the_same_clone() -> None:
    job, other = submit(count=1), submit(count=1)
    headers = {"Idempotency-Key": "once"}

    first = clone(job, {"name": "x"}, headers=headers)
    again = call("POST", f"/jobs/{job}/clone", {"name": "x"}, headers=headers)
    refused = [
        call("POST", f"/jobs/{job}/clone", {"name": "y"}, headers=headers).status,
        call("POST", f"/jobs/{other}/clone", {"name": "x"}, headers=headers).status,
        call("POST", "/jobs", {"task_type": "noop", "count": 1}, headers=headers).status,
    ]

    assert (again.json["id"], again.headers["Idempotency-Replayed"]) == (first["id"], "true")
    assert refused == [409, 409, 409]


def test_limits_apply_to_clones() -> None:
    job = submit(count=1)
    call("PUT", "/tenants/default/limits", {"open_jobs": 1})

    answer = call("POST", f"/jobs/{job}/clone")

    assert (answer.status, answer.fields) == (429, ["open_jobs"])


def test_expired_inputs_are_a_conflict(world: World) -> None:
    job = submit(inputs=[{"size": 1}], task_type="sized")
    world.blobs.restore({"_objects": {}})

    answer = call("POST", f"/jobs/{job}/clone")

    assert (answer.status, answer.json["detail"]) == (
        409,
        "the inputs of the job have expired",
    )


def test_the_audit_trail_names_the_cloned_job() -> None:
    job = submit(count=1)
    start(job)
    run(job)

    after = clone(job)

    (act,) = call("GET", f"/jobs/{after['id']}/events").json["items"]
    assert (act["action"], act["detail"]) == ("clone", {"of": job})
