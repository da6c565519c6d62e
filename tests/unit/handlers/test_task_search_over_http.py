"""Tests of filters of tasks, and of the rows that they read."""

from collections import Counter
from collections.abc import Iterator

import pytest

from shoal.adapters.memory.chunks import MemoryChunkStore
from shoal.service import task_search
from tests.unit.handlers.http_calls import Json, call, lease, outcome, report, run, start, submit

MOST_ROWS = 1_000
type Reads = Counter[str]


def fault(message: str = "no", *, retryable: bool = False) -> Json:
    return {"type": "ValueError", "message": message, "tail": "", "retryable": retryable}


def pages(job: str, query: str) -> Iterator[Json]:
    token = ""
    while True:
        answer = call("GET", f"/jobs/{job}/tasks", query=f"{query}{token}")
        assert answer.status == 200, answer.text
        yield answer.json
        if answer.json["next_token"] is None:
            return
        token = f"&next_token={answer.json['next_token']}"


def found(job: str, query: str) -> list[int]:
    return [item["index"] for page in pages(job, query) for item in page["items"]]


def cause_of(job: str, message: str) -> str:
    causes = call("GET", f"/jobs/{job}/failures").json["items"]
    return next(str(each["cause"]) for each in causes if each["message"] == message)


def ended(count: int, chunk_size: int, *, partly: bool = False) -> str:
    """Return the id of a job whose tasks took index / 10 seconds; one in three failed."""
    job = submit(count=count, chunk_size=chunk_size)
    start(job)
    for chunk in range(-(-count // chunk_size)):
        granted = lease(job, chunk)
        ends = [
            outcome(n, error=fault("odd" if n % 2 else "even") if n % 3 == 0 else None)
            | {"duration": n // 10}
            for n in (task["index"] for task in granted["tasks"])
        ]
        reports = [[each] for each in ends] if partly else [ends]
        for number, each in enumerate(reports, start=1):
            report(granted, each, report=number, final=number == len(reports))
    return job


def test_tasks_are_found_by_each_filter_and_by_all() -> None:
    job = ended(30, 4)
    odd = cause_of(job, "odd")

    for query, expected in [
        ("start=27", [27, 28, 29]),
        ("end=2", [0, 1]),
        ("start=3&end=5", [3, 4]),
        ("start=5&end=5", []),
        ("status=FAILED&end=7", [0, 3, 6]),
        ("status=FAILED,COMPLETED&end=3&limit=2", [0, 1, 2]),
        (f"cause={odd}", [3, 9, 15, 21, 27]),
        (f"cause={odd}&limit=2", [3, 9, 15, 21, 27]),
        (f"cause={odd}&status=FAILED&start=4&end=20&attempts=1", [9, 15]),
        (f"cause={'0' * 16}", []),
        ("attempts=2", []),
    ]:
        assert found(job, query) == expected, query


def test_tasks_are_found_by_their_attempts_whatever_their_status() -> None:
    job = submit(count=8, chunk_size=2, retry={"max_attempts": 3, "backoff": 0})
    start(job)
    run(job, 1)
    report(lease(job, 2), [outcome(4), outcome(5, error=fault(retryable=True))])
    again = lease(job, 2, request="request-2")
    assert [task["attempt"] for task in again["tasks"]] == [2]

    assert found(job, "attempts=2") == [5]
    assert found(job, "attempts=1") == [2, 3, 4, 5]
    report(again, [])  # handed back: it waits, and has one attempt behind it
    assert found(job, "attempts=1&status=PENDING") == [5]


def test_the_slowest_tasks_are_first_and_unfinished_ones_are_omitted() -> None:
    job = ended(40, 8)
    open_job = submit(count=4, chunk_size=2)
    start(open_job)
    lease(open_job, 0)

    (page,) = pages(job, "order=slowest&limit=3&end=35")

    assert [(item["index"], item["duration"]) for item in page["items"]] == [
        (30, 3),
        (31, 3),
        (32, 3),
    ]
    assert page["rows_read"] == 10  # five chunks and a part of each
    assert found(job, "order=slowest&limit=2&status=COMPLETED&end=20") == [10, 11]
    assert found(job, f"order=slowest&limit=2&cause={cause_of(job, 'odd')}") == [33, 39]
    assert found(open_job, "order=slowest") == []


def test_a_page_of_the_slowest_stays_within_its_row_limit_and_the_pages_cover_all(
    reads: Reads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(task_search, "READ_AT_ONCE", 3)
    job = ended(1_200, 100, partly=True)
    reads.clear()

    seen = []
    for page in pages(job, "order=slowest&limit=2"):
        assert reads.total() == page["rows_read"] <= MOST_ROWS
        reads.clear()
        seen.append(page)

    assert len(seen) == 2
    assert sum(page["rows_read"] for page in seen) <= 1_200 + 12 + 3
    slowest = sorted(
        (item for page in seen for item in page["items"]), key=lambda item: -item["duration"]
    )
    assert [item["index"] for item in slowest[:2]] == [1190, 1191]


def test_a_page_of_a_cause_reads_only_chunks_with_failures(reads: Reads) -> None:
    job = submit(count=300, chunk_size=10)
    start(job)
    for chunk in range(30):
        if chunk != 7:
            run(job, chunk)
    report(lease(job, 7), [outcome(n, error=fault("odd")) for n in range(70, 80)])
    cause = cause_of(job, "odd")
    reads.clear()

    assert found(job, f"cause={cause}") == [*range(70, 80)]
    assert reads == {"chunks": 1, "parts": 1}


def test_a_page_of_tasks_stays_within_its_row_limit(reads: Reads) -> None:
    job = submit(count=3_000, chunk_size=1)
    start(job)
    run(job, 2_500)
    reads.clear()

    rows = []
    for page in pages(job, "attempts=1&limit=10"):
        rows.append((reads["chunks"], page["rows_read"], len(page["items"])))
        reads.clear()

    assert rows == [(1, 2, 1)]  # the tallies show that no other chunk was leased
    for page in pages(job, "status=PENDING&end=2000&limit=1000"):
        assert page["rows_read"] <= MOST_ROWS


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("attempts=-1", "attempts"),
        ("attempts=x", "attempts"),
        ("cause=abc", "cause"),
        (f"cause={'0' * 16}&status=COMPLETED", "cause"),
        ("start=-1", "start"),
        ("end=0", "end"),
        ("order=fastest", "order"),
        ("order=slowest&limit=101", "limit"),
    ],
)
def test_an_invalid_filter_is_refused(query: str, field: str) -> None:
    answer = call("GET", f"/jobs/{submit(count=1)}/tasks", query=query)

    assert (answer.status, answer.fields) == (422, [field])


def test_a_token_is_valid_only_with_its_filter() -> None:
    job = ended(30, 4)
    token = call("GET", f"/jobs/{job}/tasks", query="attempts=1&end=20&limit=2").json["next_token"]

    for other in ["", "attempts=1&", "attempts=2&end=20&", "attempts=1&end=20&order=slowest&"]:
        answer = call("GET", f"/jobs/{job}/tasks", query=f"{other}next_token={token}")
        assert (answer.status, answer.fields) == (422, ["next_token"]), other


def test_the_slowest_tasks_omit_results_that_do_not_fit_into_one_response() -> None:
    job = submit(count=3, chunk_size=1)
    start(job)
    for chunk in range(3):
        report(lease(job, chunk), [outcome(chunk, result="x" * 1_900_000) | {"duration": chunk}])

    (page,) = pages(job, "order=slowest")

    assert [(item["index"], item["too_large"]) for item in page["items"]] == [
        (2, False),
        (1, False),
        (0, True),
    ]


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Reads:
    """Counts the chunk rows and parts that are read from now on."""
    counted = Counter[str]()
    get_many, parts = MemoryChunkStore.get_many, MemoryChunkStore.parts

    def counted_chunks(self: MemoryChunkStore, job_id: str, numbers: Json) -> Json:
        counted["chunks"] += len(numbers)
        return get_many(self, job_id, numbers)

    def counted_parts(self: MemoryChunkStore, keys: Json) -> Json:
        counted["parts"] += len(set(keys))
        return parts(self, keys)

    monkeypatch.setattr(MemoryChunkStore, "get_many", counted_chunks)
    monkeypatch.setattr(MemoryChunkStore, "parts", counted_parts)
    return counted
