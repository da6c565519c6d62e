from handlers.openapi import document
from tests.unit.handlers.http_calls import call, lease, outcome, report, run, start, submit


def test_a_completed_task_gives_its_own_result() -> None:
    job = submit(count=4, chunk_size=2)
    start(job)
    run(job, 1)

    body = call("GET", f"/tasks/{job}.3/result").json

    assert body == {"index": 3, "result": {"i": 3}, "too_large": False}


def test_a_task_without_a_result_says_its_status() -> None:
    job = submit(count=1)

    answer = call("GET", f"/tasks/{job}.0/result")

    assert answer.status == 409
    assert "is PENDING" in answer.json["detail"]


def test_a_result_larger_than_any_answer_is_named_as_such() -> None:
    job = submit(count=1)
    start(job)
    report(lease(job), [outcome(0, result="x" * 4_100_000)])

    body = call("GET", f"/tasks/{job}.0/result").json

    assert (body["result"], body["too_large"]) == (None, True)


def test_a_task_that_is_not_there_has_no_result() -> None:
    job = submit(count=1)

    assert call("GET", f"/tasks/{job}.1/result").status == 404


def test_the_contract_says_that_a_result_may_not_be_there_yet() -> None:
    assert "409" in document()["paths"]["/api/v1/tasks/{task_id}/result"]["get"]["responses"]
