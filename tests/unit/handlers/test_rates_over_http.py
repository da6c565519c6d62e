"""Tests of limits on requests that start work: rates, and exports that run at once."""

import json
from pathlib import Path
from typing import Any

import pytest

from shoal.domain.errors import Unavailable
from shoal.domain.job import JobStatus
from shoal.ports.exports import ExportRun
from shoal.ports.workflow import ExecutionStatus
from shoal.service.exports import RUNNING_AT_ONCE, STARTING_SECONDS
from shoal.service.request_rates import RATES
from tests.unit.handlers.http_calls import ApiResponse, World, call, run, start, submit, user

OPENAPI = json.loads((Path(__file__).parents[3] / "docs/openapi.json").read_text())
HAS_OWN_RATE = {"submitJob", "cloneJob"}
"""Operations of `submit_rate`, which Admission counts."""


BODIES: dict[str, Any] = {
    "addWebhook": {"url": "https://example.com/hook"},
    "beginBulkAction": {"action": "cancel", "filter": {"status": ["RUNNING"]}, "dry_run": True},
    "changeJob": {"name": "other"},
    "completeTask": {"worker": "w-1"},
    "discardFailures": {"all": True, "reason": "known"},
    "failTask": {"worker": "w-1", "error": {"type": "ValueError"}},
    "runTask": {"worker": "w-1"},
}


def operations() -> dict[str, tuple[str, str]]:
    """Return method and path of each operation of users that is not a read, without admins'."""
    return {
        operation["operationId"]: (method.upper(), path.removeprefix("/api/v1"))
        for path, methods in OPENAPI["paths"].items()
        for method, operation in methods.items()
        if method != "get"
        and any(scope.get("user", ["admin"]) != ["admin"] for scope in operation["security"])
    }


def test_each_operation_that_starts_or_changes_work_has_a_rate() -> None:
    assert operations().keys() == RATES.keys() | HAS_OWN_RATE


@pytest.mark.parametrize("operation", sorted(RATES))
def test_a_request_above_its_rate_is_429_until_a_token_returns(
    world: World, operation: str
) -> None:
    method, path = operations()[operation]
    path = path.format(
        job_id=f"job_{'0' * 26}", task_id="0", webhook_id="wh_0", bulk_action_id="bulk_0"
    )
    rate = RATES[operation]

    def limited(**options: Any) -> bool:
        """Send a request; other limits, as that of webhooks, can also answer 429."""
        answer = call(method, path, BODIES.get(operation), **options)
        return answer.status == 429 and answer.fields == [rate.name]

    below = [limited() for _ in range(rate.burst)]
    above = call(method, path, BODIES.get(operation))
    other_tenant = limited(claims=user("other"))
    world.clock.advance(int(above.headers["Retry-After"]))

    assert not any(below)
    assert (above.status, above.fields) == (429, [rate.name])
    assert above.json["type"] == "urn:shoal:problem:limit-reached"
    assert not other_tenant
    assert not limited()


def test_a_read_has_no_rate_per_tenant() -> None:
    answers = {call("GET", "/jobs").status for _ in range(600)}

    assert answers == {200}


def exported(job: str, **options: Any) -> ApiResponse:
    return call("POST", f"/jobs/{job}/exports", **options)


def ended_job(world: World) -> str:
    job = submit(count=1)
    start(job)
    run(job)
    found = world.jobs.get(job)
    assert found is not None
    assert found.status is JobStatus.COMPLETED
    return job


def test_a_tenant_runs_a_limited_number_of_exports(world: World) -> None:
    job = submit(count=1)

    answers = [exported(job) for _ in range(RUNNING_AT_ONCE)]
    above = exported(job)
    world.export_runs.runs[job, answers[3].json["id"]] = ExportRun(
        ExecutionStatus.SUCCEEDED, ended_at=world.clock.now()
    )

    assert {answer.status for answer in answers} == {202}
    assert len({answer.json["id"] for answer in answers}) == RUNNING_AT_ONCE
    assert (above.status, above.fields) == (429, ["running_exports"])
    assert above.headers["Retry-After"] == "30"
    assert exported(job).status == 202
    assert exported(job).status == 429
    assert len(world.export_runs.started) == RUNNING_AT_ONCE + 1


def test_five_hundred_requests_for_an_ended_job_start_one_export(world: World) -> None:
    job = ended_job(world)

    answers = []
    for number in range(500):
        answers.append(exported(job, headers={"Idempotency-Key": str(number)}))
        world.clock.advance(2)

    assert {answer.status for answer in answers} == {202}
    assert len({answer.json["id"] for answer in answers}) == 1
    assert len(world.export_runs.started) == 1


def test_a_live_job_is_exported_again_because_its_results_change() -> None:
    job = submit(count=1)

    assert exported(job).json["id"] != exported(job).json["id"]


def test_a_job_that_changed_since_is_exported_again(world: World) -> None:
    job = submit(count=1)
    first = exported(job).json["id"]
    start(job)
    run(job)

    assert exported(job).json["id"] != first
    assert len(world.export_runs.started) == 2


def test_a_key_answered_by_another_export_is_answered_by_it_later(world: World) -> None:
    job = ended_job(world)
    first = exported(job).json["id"]
    key = {"Idempotency-Key": "k"}
    shared = exported(job, headers=key)
    world.export_runs.runs[job, first] = ExportRun(
        ExecutionStatus.FAILED, ended_at=world.clock.now()
    )

    again = exported(job, headers=key)

    assert {shared.json["id"], again.json["id"]} == {first}
    assert shared.headers["Idempotency-Replayed"] == again.headers["Idempotency-Replayed"] == "true"


def test_a_slot_whose_request_died_before_the_start_is_free_after_a_minute(world: World) -> None:
    job = submit(count=1)
    for _ in range(RUNNING_AT_ONCE):
        exported(job)
    world.export_runs.runs.clear()  # as if each request had died after it took its slot

    full = exported(job).status
    world.clock.advance(STARTING_SECONDS)

    assert (full, exported(job).status) == (429, 202)


def test_a_recorded_answer_is_always_a_started_export(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, key = ended_job(world), {"Idempotency-Key": "k"}

    def die(*_: object) -> None:
        raise Unavailable("the request died")

    with monkeypatch.context() as patched:
        patched.setattr(world.export_runs, "start", die)
        died = [exported(job).status, exported(job, headers=key).status]

    answer = exported(job, headers=key)

    assert died == [503, 503]
    assert (answer.status, answer.json["status"]) == (202, "RUNNING")
    assert [export for _, _, export in world.export_runs.started] == [answer.json["id"]]
