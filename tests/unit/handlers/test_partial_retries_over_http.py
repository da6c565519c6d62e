"""Tests of retries of some failed tasks, by cause or by index."""

from collections.abc import Callable, Sequence

import pytest

from shoal.domain.selection import Selection
from tests.unit.handlers.http_calls import Json, call, lease, outcome, report, start, submit

NO_CAUSE = "0" * 16


def boom(kind: str) -> Json:
    return {"type": kind, "message": "no", "tail": "", "retryable": False}


def failed(kinds: Sequence[str | None], *, chunk_size: int = 2, **fields: Json) -> str:
    """Return the id of an ended job whose tasks failed with these exceptions, or completed."""
    job = submit(count=len(kinds), chunk_size=chunk_size, **fields)
    start(job)
    ran(job, lambda index: kinds[index])
    return job


def ran(job: str, kind: Callable[[int], str | None]) -> None:
    """Run every chunk that can be leased with these outcomes."""
    body = call("GET", f"/jobs/{job}").json
    for chunk in range(-(-body["task_count"] // body["chunk_size"])):
        granted = lease(job, chunk, request=f"request-{body['generation']}-{chunk}")
        if granted["decision"] == "granted":
            ends = [(each["index"], kind(each["index"])) for each in granted["tasks"]]
            report(granted, [outcome(i, error=None if k is None else boom(k)) for i, k in ends])


def causes(job: str) -> dict[str, str]:
    """Return fingerprints by exception type."""
    found = call("GET", f"/jobs/{job}/failures").json["items"]
    return {each["error_type"]: each["cause"] for each in found}


def statuses(job: str) -> list[str]:
    return [each["status"] for each in call("GET", f"/jobs/{job}/tasks").json["items"]]


def retry(job: str, body: Json = None) -> Json:
    answer = call("POST", f"/jobs/{job}/retry", body)
    assert answer.status == 202, answer.text
    return answer.json


def test_a_retry_by_cause_runs_only_the_tasks_of_that_cause() -> None:
    job = failed(["KeyError", "ValueError", None, "KeyError", "ValueError"])

    cause = causes(job)["KeyError"]

    body = retry(job, {"cause": cause})
    start(job, generation=2)
    begun = statuses(job)
    ran(job, lambda _: None)

    assert body["selection"] == {"cause": cause, "tasks": None}
    assert begun == ["PENDING", "FAILED", "COMPLETED", "PENDING", "FAILED"]
    assert statuses(job) == ["COMPLETED", "FAILED", "COMPLETED", "COMPLETED", "FAILED"]
    ended = call("GET", f"/jobs/{job}").json
    assert (ended["status"], ended["generation"]) == ("FAILED", 2)
    assert (ended["counts"]["completed"], ended["counts"]["failed"]) == (3, 2)


def test_a_retry_by_index_runs_only_these_tasks() -> None:
    job = failed(["KeyError"] * 5)

    body = retry(job, {"indices": [4, 1, 4]})
    start(job, generation=2)

    assert body["selection"] == {"cause": None, "tasks": 2}
    assert statuses(job) == ["FAILED", "PENDING", "FAILED", "FAILED", "PENDING"]


def test_other_failures_stay_visible_and_can_be_retried_later() -> None:
    job = failed(["KeyError", "ValueError"])
    known = causes(job)
    retry(job, {"cause": known["KeyError"]})
    start(job, generation=2)
    ran(job, lambda _: None)

    left = causes(job)
    retry(job)
    start(job, generation=3)
    ran(job, lambda _: None)

    assert left == {"ValueError": known["ValueError"]}
    assert call("GET", f"/jobs/{job}").json["status"] == "COMPLETED"
    assert call("GET", f"/jobs/{job}").json["selection"] is None


@pytest.mark.parametrize("body", [None, {}])
def test_an_empty_body_retries_all(body: Json) -> None:
    job = failed(["KeyError", "ValueError"])

    assert retry(job, body)["selection"] is None
    start(job, generation=2)

    assert statuses(job) == ["PENDING", "PENDING"]


def test_a_repeated_retry_starts_one_generation_and_another_is_a_conflict() -> None:
    job = failed(["KeyError", "ValueError"])
    some = {"indices": [0]}

    first, second = retry(job, some), retry(job, some)
    other = call("POST", f"/jobs/{job}/retry", {"indices": [1]})

    assert first["generation"] == second["generation"] == 2
    assert (other.status, other.json["type"]) == (409, "urn:shoal:problem:illegal-move")


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({"indices": [7]}, 422, "index 7 is out of range; the job has 3 tasks"),
        ({"indices": [0, 1]}, 409, "these tasks have not failed: 0"),
        ({"cause": NO_CAUSE}, 409, "no failed task of the job has the cause"),
        ({"cause": "x"}, 422, None),
        ({"indices": []}, 422, None),
        ({"indices": [-1]}, 422, None),
        ({"indices": ["1"]}, 422, None),
        ({"indices": [1], "cause": NO_CAUSE}, 422, None),
        ({"indices": [1] * 10_001}, 422, None),
        ({"tasks": [1]}, 422, None),
    ],
)
def test_a_retry_that_matches_no_task_is_refused(body: Json, status: int, said: str | None) -> None:
    job = failed([None, "KeyError", "KeyError"])

    answer = call("POST", f"/jobs/{job}/retry", body)

    assert answer.status == status, answer.text
    assert said is None or said in answer.json["detail"]
    assert call("GET", f"/jobs/{job}").json["generation"] == 1


def test_a_cause_on_a_later_page_is_found() -> None:
    job = failed(["KeyError"] * 1_500 + ["ValueError"], chunk_size=1)

    found = call("GET", f"/jobs/{job}/failures").json
    last = call("GET", f"/jobs/{job}/failures", query=f"next_token={found['next_token']}").json
    while last["next_token"]:
        last = call("GET", f"/jobs/{job}/failures", query=f"next_token={last['next_token']}").json
    (cause,) = [each["cause"] for each in last["items"] if each["error_type"] == "ValueError"]

    answer = call("POST", f"/jobs/{job}/retry", {"cause": cause})

    assert "ValueError" not in {each["error_type"] for each in found["items"]}
    assert answer.status == 202


def test_the_audit_trail_records_the_selection() -> None:
    job = failed(["KeyError", "KeyError", None, "KeyError"])

    retry(job, {"indices": [3, 0, 1]})

    acts = {each["action"]: each for each in call("GET", f"/jobs/{job}/events").json["items"]}
    assert acts["retry"]["detail"] == {"indices": "0-1,3"}


def test_a_long_selection_is_shortened_in_the_audit_trail() -> None:
    told = Selection.of_indices(range(0, 1_000, 2)).audit_detail()["indices"]

    assert len(told) == 201
    assert told.endswith("…")
