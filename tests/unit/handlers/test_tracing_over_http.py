"""Tests of a job's trace, from the submit to the workers' leases."""

from tests.unit.handlers.http_calls import call, lease, outcome, report, start

HEADER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
BODY = {"task_type": "noop", "count": 2, "chunk_size": 2}


def submitted(**headers: str) -> str:
    answer = call("POST", "/jobs", BODY, headers=headers)
    assert answer.status == 201
    job: str = answer.json["id"]
    start(job)
    return job


def test_every_lease_has_the_trace_of_the_submit() -> None:
    job = submitted(traceparent=HEADER)

    first = lease(job)
    report(first, [outcome(0)])  # the rest goes back and is sent again
    second = lease(job, request="request-2")

    assert (first["epoch"], second["epoch"]) == (1, 2)
    assert first["trace"] == second["trace"] == HEADER


def test_an_invalid_traceparent_is_ignored() -> None:
    assert lease(submitted(traceparent="nonsense"))["trace"] == ""


def test_without_a_header_nothing_is_stored() -> None:
    assert lease(submitted())["trace"] == ""
