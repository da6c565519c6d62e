"""Tests of results and missing results of a job, as pages and as JSON Lines."""

import json
from collections.abc import Iterator
from urllib.parse import parse_qs

import pytest

from handlers import serializers
from handlers.routes import results
from tests.unit.handlers.http_calls import (
    ApiResponse,
    Json,
    World,
    call,
    lease,
    outcome,
    report,
    run,
    start,
    submit,
)

FAULT = {"type": "ValueError", "message": "no", "tail": "", "retryable": False}


def half_done() -> str:
    """Return a job with four chunks of two: completed, partly failed, running, waiting."""
    job = submit(count=8, chunk_size=2)
    start(job)
    run(job, 0)
    report(lease(job, 1), [outcome(2, error=FAULT), outcome(3, result={"i": 3})])
    lease(job, 2)
    return job


def pages(job: str, limit: int) -> Iterator[Json]:
    query = f"limit={limit}"
    while True:
        page = call("GET", f"/jobs/{job}/results", query=query).json
        yield page
        if page["next_token"] is None:
            return
        query = f"limit={limit}&next_token={page['next_token']}"


def lines(job: str, query: str = "format=jsonl", **headers: str) -> tuple[list[Json], ApiResponse]:
    answer = call("GET", f"/jobs/{job}/results", query=query, headers=headers)
    assert answer.status == 200, answer.text
    return [json.loads(line) for line in answer.text.splitlines()], answer


def all_lines(job: str, limit: int = 1_000) -> list[Json]:
    query, found = f"format=jsonl&limit={limit}", list[Json]()
    while True:
        some, answer = lines(job, query)
        found += some
        link = answer.headers.get("Link")
        if link is None:
            return found
        address, rel = link.split("; ")
        assert rel == 'rel="next"'
        query = address.strip("<?>")
        assert parse_qs(query)["format"] == ["jsonl"]


def missing_of(page: Json) -> list[tuple[int, int, str]]:
    return [(run["first"], run["last"], run["why"]) for run in page["missing"]]


def test_a_page_lists_missing_results_with_the_reason() -> None:
    (page,) = pages(half_done(), 100)

    assert [item["index"] for item in page["items"]] == [0, 1, 3]
    assert missing_of(page) == [(2, 2, "FAILED"), (4, 5, "RUNNING"), (6, 7, "PENDING")]
    assert [run["count"] for run in page["missing"]] == [1, 2, 2]


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_the_pages_cover_every_task_once(limit: int) -> None:
    job, told = half_done(), list[int]()

    for page in pages(job, limit):
        assert len(page["items"]) <= limit
        told += [item["index"] for item in page["items"]]
        told += [i for first, last, _ in missing_of(page) for i in range(first, last + 1)]

    assert sorted(told) == [*range(8)]


def test_all_results_of_a_job_without_rows_are_missing() -> None:
    (page,) = pages(submit(count=5), 100)

    assert (page["items"], missing_of(page)) == ([], [(0, 4, "PENDING")])


def test_tasks_of_a_cancelled_job_that_never_ran_are_missing_as_cancelled() -> None:
    job = submit(count=4, chunk_size=2)
    call("POST", f"/jobs/{job}/cancel")
    start(job)

    (page,) = pages(job, 100)

    assert missing_of(page) == [(0, 3, "CANCELLED")]


def test_an_expired_result_is_missing_as_expired(world: World) -> None:
    job = submit(count=2, chunk_size=2)
    start(job)
    run(job, 0)
    world.chunks.restore({"_parts": {}})

    (page,) = pages(job, 100)

    assert (page["items"], missing_of(page)) == ([], [(0, 1, "EXPIRED")])


def test_a_page_ends_at_the_row_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shoal.service.result_queries.MOST_ROWS", 2)

    found = [missing_of(page) for page in pages(half_done(), 100)]

    assert found == [[(2, 2, "FAILED")], [(4, 5, "RUNNING"), (6, 7, "PENDING")]]


@pytest.mark.parametrize(
    ("query", "headers"),
    [("format=jsonl", {}), ("", {"accept": "text/html, application/x-ndjson;q=0.9"})],
)
def test_json_lines_have_one_line_per_task(query: str, headers: dict[str, str]) -> None:
    found, answer = lines(half_done(), query, **headers)

    assert answer.headers["Content-Type"] == "application/x-ndjson"
    assert answer.headers["ETag"]
    assert [line["index"] for line in found] == [*range(8)]
    assert found[1] == {"index": 1, "status": "COMPLETED", "result": {"i": 1}}
    assert found[2] == {"index": 2, "status": "FAILED", "result": None, "missing": "FAILED"}
    assert found[7] == {"index": 7, "status": "PENDING", "result": None, "missing": "PENDING"}


def test_the_format_parameter_overrides_the_accept_header() -> None:
    answer = call(
        "GET",
        f"/jobs/{half_done()}/results",
        query="format=json",
        headers={"accept": "application/x-ndjson"},
    )

    assert answer.json["items"]


@pytest.mark.parametrize("limit", [1, 2])
def test_the_link_leads_through_all_lines(limit: int) -> None:
    found = all_lines(half_done(), limit)

    assert [line["index"] for line in found] == [*range(8)]


def test_lines_end_at_the_response_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "MAX_RESPONSE_BYTES", 120)
    job = half_done()

    some, _ = lines(job)

    assert 0 < len(some) < 8
    assert [line["index"] for line in all_lines(job)] == [*range(8)]


def test_a_result_above_the_response_limit_is_a_too_large_line() -> None:
    job = submit(count=1)
    start(job)
    report(lease(job), [outcome(0, result="x" * 4_100_000)])

    (line,) = all_lines(job)

    assert line == {"index": 0, "status": "COMPLETED", "result": None, "too_large": True}


def test_a_page_that_ends_early_lists_no_later_missing_results(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(serializers, "MAX_RESPONSE_BYTES", 110)

    first, *others = pages(half_done(), 100)

    assert [item["index"] for item in first["items"]] == [0, 1]
    assert [missing_of(page) for page in (first, *others)] == [
        [(2, 2, "FAILED")],
        [(4, 5, "RUNNING"), (6, 7, "PENDING")],
    ]


def test_an_unknown_format_is_refused() -> None:
    answer = call("GET", f"/jobs/{half_done()}/results", query="format=xml")

    assert (answer.status, answer.fields) == (422, ["format"])
