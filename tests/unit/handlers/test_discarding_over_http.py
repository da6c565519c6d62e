"""Tests of discarded failures."""

import pytest

from tests.unit.handlers.http_calls import Json, call, lease, outcome, report, start, submit, user

WHY = "the input is nonsense"


def boom(kind: str) -> Json:
    return {"type": kind, "message": "no", "tail": "", "retryable": False}


def failed(*kinds: str | None, **fields: Json) -> str:
    """Return the id of a job of one chunk that has ended with these errors."""
    job = submit(count=len(kinds), chunk_size=len(kinds), **fields)
    start(job)
    errors = [None if kind is None else boom(kind) for kind in kinds]
    report(lease(job), [outcome(i, error=error) for i, error in enumerate(errors)])
    return job


def causes(job: str) -> dict[str, Json]:
    """Return the failures by exception type."""
    return {each["error_type"]: each for each in call("GET", f"/jobs/{job}/failures").json["items"]}


def statuses(job: str) -> str:
    items = call("GET", f"/jobs/{job}/tasks").json["items"]
    return "".join(each["status"][0] for each in items)


def discard(job: str, **body: Json) -> Json:
    answer = call("POST", f"/jobs/{job}/discard", {"reason": WHY, **body})
    assert answer.status == 200, answer.text
    return answer.json


def retried(job: str, body: Json = None) -> str:
    """Return the task statuses after the start of a retry."""
    answer = call("POST", f"/jobs/{job}/retry", body)
    assert answer.status == 202, answer.text
    start(job, generation=answer.json["generation"])
    return statuses(job)


def test_a_discarded_cause_is_marked_and_still_counted() -> None:
    job = failed("KeyError", "ValueError", "KeyError", None)
    before = call("GET", f"/jobs/{job}").json

    after = discard(job, cause=causes(job)["KeyError"]["cause"])

    found = causes(job)
    said = found["KeyError"]["discard"]
    assert (found["KeyError"]["count"], found["KeyError"]["discarded"]) == (2, 2)
    assert (found["ValueError"]["discarded"], found["ValueError"]["discard"]) == (0, None)
    assert (said["reason"], said["by"]) == (WHY, "user of default")
    assert after["discards"] == [said]
    assert (after["counts"], after["status"]) == (before["counts"], before["status"])


def test_a_retry_of_all_skips_discarded_tasks() -> None:
    by_cause = failed("KeyError", "ValueError", "KeyError", None)
    discard(by_cause, cause=causes(by_cause)["KeyError"]["cause"])
    by_index = failed("KeyError", "ValueError", "KeyError", None)
    discard(by_index, indices=[0, 1])

    assert retried(by_cause) == "FPFC"
    assert retried(by_index) == "FFPC"


def test_a_retry_of_all_includes_tasks_that_never_ran() -> None:
    job = submit(count=2, chunk_size=1, max_failed=0)
    start(job)
    report(lease(job), [outcome(0, error=boom("KeyError"))])
    start(job)
    discard(job, all=True)

    assert retried(job) == "FP"


def test_a_retry_that_names_discarded_tasks_runs_them() -> None:
    job = failed("KeyError", "ValueError")
    discard(job, all=True)

    refused = call("POST", f"/jobs/{job}/retry")

    assert (refused.status, refused.json["type"]) == (409, "urn:shoal:problem:illegal-move")
    assert "discarded" in refused.json["detail"]
    assert retried(job, {"indices": [1]}) == "FP"


def test_a_repeated_retry_of_the_other_tasks_starts_one_generation() -> None:
    job = failed("KeyError", "ValueError")
    discard(job, indices=[0])

    answers = [call("POST", f"/jobs/{job}/retry") for _ in range(2)]

    assert [answer.json["generation"] for answer in answers] == [2, 2]


def test_a_discard_applies_to_later_generations() -> None:
    job = failed("KeyError", "ValueError")
    cause = causes(job)["KeyError"]["cause"]
    discard(job, cause=cause)
    retried(job)
    granted = lease(job, request="request-2")
    report(granted, [outcome(1, error=boom("KeyError"))])

    assert causes(job)["KeyError"]["discarded"] == 2
    assert call("POST", f"/jobs/{job}/retry").status == 409


def test_a_repeated_discard_is_stored_once_and_a_new_reason_replaces_the_old() -> None:
    job = failed("KeyError")

    first = discard(job, all=True)
    same = discard(job, all=True)
    other = discard(job, all=True, reason="after review")

    assert same["version"] == first["version"]
    assert [each["reason"] for each in other["discards"]] == ["after review"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"all": True, "indices": [0]}, 422),
        ({"all": False}, 422),
        ({"all": True, "reason": ""}, 422),
        ({"all": True, "reason": "x" * 501}, 422),
        ({"all": True, "reason": "a\nb"}, 422),
        ({"indices": [9]}, 422),
        ({"indices": [1]}, 409),
        ({"cause": "0" * 16}, 409),
    ],
)
def test_a_discard_without_failed_tasks_or_a_reason_is_refused(body: Json, status: int) -> None:
    job = failed("KeyError", None)

    answer = call("POST", f"/jobs/{job}/discard", {"reason": WHY, **body})

    assert answer.status == status, answer.text
    assert call("GET", f"/jobs/{job}").json["discards"] == []


def test_a_reason_is_required() -> None:
    job = failed("KeyError")

    assert call("POST", f"/jobs/{job}/discard", {"all": True}).fields == ["reason"]


def test_open_jobs_and_jobs_without_failures_refuse_a_discard() -> None:
    for job in (submit(count=1), failed(None)):
        body = {"all": True, "reason": WHY}
        assert call("POST", f"/jobs/{job}/discard", body).status == 409


def test_the_number_of_discards_per_job_is_limited() -> None:
    job = failed(*["KeyError"] * 101)
    for index in range(100):
        discard(job, indices=[index])

    answer = call("POST", f"/jobs/{job}/discard", {"indices": [100], "reason": WHY})

    assert (answer.status, answer.json["type"]) == (409, "urn:shoal:problem:illegal-move")
    assert len(discard(job, indices=[7], reason="again")["discards"]) == 100


def test_the_audit_trail_records_the_selection_the_reason_and_the_user() -> None:
    job = failed("KeyError")

    discard(job, indices=[0])

    acts = {each["action"]: each for each in call("GET", f"/jobs/{job}/events").json["items"]}
    assert acts["discard"]["detail"] == {"indices": "0", "reason": WHY}
    assert acts["discard"]["who"] == user()["username"]
