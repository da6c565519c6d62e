"""Tests of requests that come after the deadline, the longest life or the expiry of a job."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from handlers import bulk_actions
from shoal.domain.job import DAY
from tests.unit.handlers.http_calls import Json, World, call, lease, outcome, report, start, submit

FAULT = {"type": "ValueError", "message": "no", "tail": "", "retryable": False}
LIFE = 150
"""Days from the submit to the expiry with the usual retention."""


def failed(world: World, **fields: Json) -> str:
    job = submit(count=1, **fields)
    start(job)
    report(lease(job), [outcome(0, error=FAULT)])
    assert call("GET", f"/jobs/{job}").json["status"] == "FAILED"
    world.clock.advance(1)
    return job


def in_days(world: World, days: float) -> str:
    return datetime.fromtimestamp(world.clock.now() + days * DAY, UTC).isoformat()


@pytest.mark.parametrize(
    ("days", "deadline", "sentence"),
    [
        (2.0, 1.0, "the deadline of job {} has passed, so a retry could only fail"),
        (60.0, None, "job {} was submitted more than 60 days ago and cannot be retried"),
    ],
)
@pytest.mark.parametrize("body", [None, {"indices": [0]}, {"canary": {"share": 1.0}}])
def test_a_retry_that_could_only_fail_is_a_conflict(
    world: World, days: float, deadline: float | None, sentence: str, body: Json
) -> None:
    given = {} if deadline is None else {"deadline": in_days(world, deadline)}
    job = failed(world, **given)
    world.clock.advance(days * DAY)

    answer = call("POST", f"/jobs/{job}/retry", body)

    assert (answer.status, answer.json["type"]) == (409, "urn:shoal:problem:illegal-move")
    assert answer.json["detail"] == f"{sentence.format(job)}; clone it to run its tasks again"
    assert call("GET", f"/jobs/{job}").json["generation"] == 1
    assert call("POST", f"/jobs/{job}/clone").status == 201


def test_a_bulk_retry_counts_jobs_past_their_deadline_as_refused(world: World) -> None:
    late, other = failed(world, deadline=in_days(world, 1.0)), failed(world)
    world.clock.advance(2 * DAY)

    body = {"action": "retry", "filter": {"status": ["FAILED"]}}
    action = call("POST", "/bulk-actions", body).json
    while bulk_actions.handler({"tenant": "default", "action": action["id"]}, None)["more"]:
        pass
    shown = call("GET", f"/bulk-actions/{action['id']}").json

    assert (shown["done"], shown["refused"]) == (1, 1)
    assert shown["refusals"][0]["job_id"] == late
    assert "could only fail" in shown["refusals"][0]["reason"]
    assert call("GET", f"/jobs/{other}").json["generation"] == 2


@pytest.mark.parametrize("path", ["", "/tasks", "/results", "/failures", "/events"])
def test_reads_after_the_expiry_show_no_part_of_a_job(world: World, path: str) -> None:
    job = failed(world)
    world.clock.time = world.clock.now() - 1 + LIFE * DAY - 1
    before = call("GET", f"/jobs/{job}{path}").status
    world.clock.advance(2)

    after = call("GET", f"/jobs/{job}{path}")

    assert (before, after.status) == (200, 404)
    assert call("GET", "/jobs").json["items"] == []


def test_a_clone_of_an_expired_job_is_not_possible(world: World) -> None:
    job = failed(world)
    world.clock.advance(LIFE * DAY)

    assert call("POST", f"/jobs/{job}/clone").status == 404
