"""Tests that a deleted job is hidden from all requests."""

import json
from pathlib import Path

import pytest

from tests.unit.handlers.http_calls import World, call, callback, lease, run, start, submit

DOCUMENT = json.loads((Path(__file__).parents[3] / "docs" / "openapi.json").read_text())
READS = [
    path.removeprefix("/api/v1")
    for path, methods in DOCUMENT["paths"].items()
    if "get" in methods and ("{job_id}" in path or "{task_id}" in path)
]


def ended() -> str:
    job = submit(count=1, tags={"team": "ml"})
    start(job)
    run(job)
    return job


@pytest.mark.parametrize("path", READS)
def test_reads_of_a_deleted_job_return_404(path: str) -> None:
    job = ended()
    export = call("POST", f"/jobs/{job}/exports").json["id"]
    place = path.format(job_id=job, task_id=f"{job}.0", export_id=export)
    before = call("GET", place).status

    deleted = call("DELETE", f"/jobs/{job}")

    assert (before, deleted.status, deleted.text) == (200, 204, "")
    assert call("GET", place).status == 404


@pytest.mark.parametrize("query", ["", "status=COMPLETED", "tag=team=ml", "type=noop"])
def test_lists_do_not_contain_a_deleted_job(query: str) -> None:
    job, other = ended(), ended()

    call("DELETE", f"/jobs/{job}")

    assert [each["id"] for each in call("GET", "/jobs", query=query).json["items"]] == [other]


@pytest.mark.parametrize("verb", ["cancel", "pause", "resume", "retry", "clone"])
def test_verbs_on_a_deleted_job_return_404(verb: str) -> None:
    job = ended()
    call("DELETE", f"/jobs/{job}")

    assert call("POST", f"/jobs/{job}/{verb}").status == 404


def test_a_repeated_delete_is_answered_as_the_first() -> None:
    job = ended()

    first, repeated = call("DELETE", f"/jobs/{job}"), call("DELETE", f"/jobs/{job}")

    assert (first.status, repeated.status) == (204, 204)
    assert call("GET", f"/jobs/{job}").status == 404


def test_an_open_job_cannot_be_deleted() -> None:
    job = submit(count=1)

    answer = call("DELETE", f"/jobs/{job}")

    assert (answer.status, answer.json["type"]) == (409, "urn:shoal:problem:illegal-move")
    assert "cancel it" in answer.json["detail"]
    assert call("GET", f"/jobs/{job}").status == 200


def test_the_audit_trail_keeps_the_events_of_a_deleted_job() -> None:
    job = ended()

    call("DELETE", f"/jobs/{job}")

    acts = {each["action"]: each for each in call("GET", "/events").json["items"]}
    assert acts.keys() == {"submit", "delete"}
    assert acts["delete"]["job_id"] == job


def test_the_key_of_a_deleted_job_cannot_be_reused() -> None:
    headers = {"Idempotency-Key": "once"}
    body = {"task_type": "noop", "count": 1}
    job = call("POST", "/jobs", body, headers=headers).json["id"]
    start(job)
    run(job)
    call("DELETE", f"/jobs/{job}")

    answer = call("POST", "/jobs", body, headers=headers)

    assert (answer.status, answer.json["type"]) == (409, "urn:shoal:problem:illegal-move")


def test_the_lease_of_a_deleted_job_is_cancelled(world: World) -> None:
    del world
    job = ended()
    call("DELETE", f"/jobs/{job}")

    assert lease(job, request="request-2")["decision"] == "cancelled"
    beat = {"job_id": job, "chunk": 0, "epoch": 1}
    answer = callback("heartbeats", {"worker": "w-1", "leases": [beat]})
    assert answer.json["leases"][0]["decision"] == "cancelled"
