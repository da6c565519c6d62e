"""Tests of the limits of tenants: 429 names the limit, and nothing is written."""

from typing import Any

import pytest

from handlers import execution_ended
from shoal.domain.job import DAY, LONGEST_LIFE
from shoal.domain.watch_line import WatchLine
from shoal.ports.workflow import Execution, ExecutionStatus
from tests.unit.handlers.http_calls import ApiResponse, World, call, run, start, submit, user


def limited(tenant: str = "default", **own: Any) -> None:
    answer = call("PUT", f"/tenants/{tenant}/limits", own)
    assert answer.status == 200, answer.text


def asked(count: int = 1, key: str | None = None, **kwargs: Any) -> ApiResponse:
    headers = {} if key is None else {"Idempotency-Key": key}
    body = {"task_type": "noop", "count": count}
    return call("POST", "/jobs", body, headers=headers, **kwargs)


def ended(world: World, job: str) -> None:
    """End the job's execution as the job ended, and send the event of EventBridge."""
    output = {"decision": "completed"}
    world.workflow.end(job, 1, 1, Execution(ExecutionStatus.SUCCEEDED, world.clock.now(), output))
    execution_ended.handler({"detail": {"name": f"{job}-1-1"}}, None)


@pytest.mark.parametrize(
    ("own", "limit"),
    [
        ({"open_jobs": 0}, "open_jobs"),
        ({"queued_tasks": 9}, "queued_tasks"),
    ],
)
def test_a_limit_that_is_reached_is_429_and_nothing_is_written(
    world: World, own: dict[str, Any], limit: str
) -> None:
    limited(**own)

    answer = asked(10)

    assert (answer.status, answer.json["type"]) == (429, "urn:shoal:problem:limit-reached")
    assert answer.fields == [limit]
    assert limit in answer.json["detail"]
    assert answer.headers["Retry-After"] == "30"
    assert not any(world.jobs.snapshot().values())
    assert not any(world.blobs.snapshot().values())


def test_submits_are_limited_to_the_tenants_rate(world: World) -> None:
    limited(submit_rate=0.5, submit_burst=2)

    first = [asked().status for _ in range(3)]
    refused = asked()
    world.clock.advance(int(refused.headers["Retry-After"]))

    assert first == [201, 201, 429]
    assert refused.fields == ["submit_rate"]
    assert [asked().status for _ in range(2)] == [201, 429]


def test_a_replay_does_not_count() -> None:
    limited(open_jobs=1, submit_burst=1, submit_rate=0.001)

    answers = [asked(key="k") for _ in range(5)]

    assert {answer.status for answer in answers} == {201}
    assert len({answer.json["id"] for answer in answers}) == 1
    assert call("GET", "/tenants/default/limits").json["usage"]["open_jobs"] == 1
    assert asked(key="other").status == 429


def test_a_job_that_ended_makes_room(world: World) -> None:
    limited(open_jobs=1)
    job = submit(count=1)
    full = asked().status

    start(job)
    run(job)
    ended(world, job)

    assert (full, asked().status) == (429, 201)


def test_the_sweep_uncounts_a_job_that_was_never_written(world: World) -> None:
    limited(open_jobs=1)
    # An earlier version of Shoal wrote the line first, and its submit died after that.
    world.jobs.watch(WatchLine("job_00000000000000000000000000", "default", 1, None))
    full = asked().status

    execution_ended.handler({"detail": {"name": "job_00000000000000000000000000-1-1"}}, None)

    assert (full, asked().status) == (429, 201)


def test_limits_of_different_tenants_are_independent() -> None:
    limited(open_jobs=0)

    assert asked().status == 429
    assert asked(claims=user("other")).status == 201


def test_lines_of_an_upload_count_once_they_are_read(world: World) -> None:
    uri = call("POST", "/inputs").json["inputs_uri"]
    world.blobs.put(world.blobs.key_of(uri) or "", b"{}\n" * 40)
    answer = call("POST", "/jobs", {"task_type": "noop", "inputs_uri": uri})
    before = call("GET", "/tenants/default/limits").json["usage"]

    start(answer.json["id"])

    after = call("GET", "/tenants/default/limits").json["usage"]
    assert (before, after) == (
        {"open_jobs": 1, "queued_tasks": 1},
        {"open_jobs": 1, "queued_tasks": 40},
    )


def test_rows_expire_after_the_tenants_retention(world: World) -> None:
    limited(retention_days=7)

    job = world.jobs.get(submit(count=1))

    assert job is not None
    assert job.expires_at == int(world.clock.now()) + LONGEST_LIFE + 7 * DAY


def test_a_tenant_without_own_limits_has_the_defaults() -> None:
    answer = call("GET", "/tenants/acme/limits")

    assert answer.status == 200
    assert answer.json == {
        "tenant": "acme",
        "limits": {
            "open_jobs": 10_000,
            "queued_tasks": 20_000_000,
            "submit_rate": 50.0,
            "submit_burst": 500,
            "retention_days": 90,
        },
        "own": [],
        "usage": {"open_jobs": 0, "queued_tasks": 0},
    }


def test_omitted_limits_return_to_the_defaults() -> None:
    limited("acme", open_jobs=5, submit_rate=2)
    limited("acme", submit_rate=3.5)

    answer = call("GET", "/tenants/acme/limits").json

    assert (answer["own"], answer["limits"]["open_jobs"]) == (["submit_rate"], 10_000)


def test_tenants_are_listed_in_pages() -> None:
    for name in ("b", "a", "c"):
        limited(name, open_jobs=1)

    first = call("GET", "/tenants", query="limit=2").json
    second = call("GET", "/tenants", query=f"limit=2&next_token={first['next_token']}").json

    assert [each["tenant"] for each in (*first["items"], *second["items"])] == ["a", "b", "c"]


@pytest.mark.parametrize(
    "own",
    [
        {"open_jobs": -1},
        {"open_jobs": 1.5},
        {"submit_rate": 0},
        {"submit_burst": 0},
        {"retention_days": 0},
        {"retention_days": 91},
        {"colour": 1},
        {"queued_tasks": 10**300},
    ],
)
def test_invalid_limits_are_refused_with_their_field(own: dict[str, Any]) -> None:
    assert call("PUT", "/tenants/acme/limits", own).fields == [*own]


@pytest.mark.parametrize("path", ["/tenants", "/tenants/default/limits"])
def test_limits_require_an_administrator(path: str) -> None:
    plain = user() | {"cognito:groups": "[tenant:default]"}

    assert call("GET", path, claims=plain).status == 403
