from handlers.openapi import document
from tests.unit.handlers.http_calls import call, lease, outcome, report, run, start, submit


def test_a_completed_task_has_its_result() -> None:
    job = submit(count=4, chunk_size=2)
    start(job)
    run(job, 1)

    body = call("GET", f"/tasks/{job}.3/result").json

    assert body == {"index": 3, "result": {"i": 3}, "too_large": False}


def test_the_error_of_a_missing_result_names_the_status() -> None:
    job = submit(count=1)

    answer = call("GET", f"/tasks/{job}.0/result")

    assert answer.status == 409
    assert "is PENDING" in answer.json["detail"]


def test_a_result_above_the_response_limit_is_too_large() -> None:
    job = submit(count=1)
    start(job)
    report(lease(job), [outcome(0, result="x" * 4_100_000)])

    body = call("GET", f"/tasks/{job}.0/result").json

    assert (body["result"], body["too_large"]) == (None, True)


def test_the_result_of_an_unknown_task_is_404() -> None:
    job = submit(count=1)

    assert call("GET", f"/tasks/{job}.1/result").status == 404


def test_the_contract_documents_409_for_results() -> None:
    assert "409" in document()["paths"]["/api/v1/tasks/{task_id}/result"]["get"]["responses"]
