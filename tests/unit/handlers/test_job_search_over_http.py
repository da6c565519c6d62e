"""Tests of filters of jobs, and of the reads of a page or a 304."""

from collections import Counter
from collections.abc import Callable

import pytest

from shoal.adapters.memory.chunks import MemoryChunkStore
from shoal.adapters.memory.jobs import MemoryJobStore
from shoal.adapters.memory.windows import MemoryWindowStore
from tests.unit.handlers.http_calls import Json, World, call, run, start, submit

MOST_ROWS = 1_000


def listed(query: str) -> list[str]:
    answer = call("GET", "/jobs", query=query)
    assert answer.status == 200, answer.text
    return [item["id"] for item in answer.json["items"]]


def test_jobs_are_found_by_each_filter_and_by_all(world: World) -> None:
    first = submit(count=1, name="nightly-a", tags={"team": "ml", "x=y": "z"})
    world.clock.advance(60)
    second = submit(task_type="sized", count=1, name="nightly-b", tags={"team": "ops"})
    since = call("GET", f"/jobs/{second}").json["created_at"]

    for query, expected in [
        ("name=nightly", [second, first]),
        ("name=nightly-a", [first]),
        ("type=sized", [second]),
        ("tag=team", [second, first]),
        ("tag=team%3Dml", [first]),
        (f"since={since}", [second]),
        (f"until={since}", [first]),
        (f"until={since}&status=PENDING,FAILED&type=noop&name=n&tag=team", [first]),
        ("status=FAILED", []),
    ]:
        assert listed(query) == expected, query


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("since=yesterday", "since"),
        ("until=2027-01-01", "until"),
        ("since=2027-01-02T00:00:00Z&until=2027-01-01T00:00:00Z", "until"),
        ("type=no%20type", "type"),
        ("name=%00", "name"),
        ("tag=%01", "tag"),
        ("limit=101", "limit"),
        ("status=DONE", "status[0]"),
        ("colour=red", "query"),
    ],
)
def test_an_invalid_filter_is_refused(query: str, field: str) -> None:
    answer = call("GET", "/jobs", query=query)

    assert (answer.status, answer.fields) == (422, [field])


def test_a_token_is_valid_only_with_its_filter() -> None:
    for _ in range(2):
        submit(count=1, name="a", tags={"t": "1"})
    token = call("GET", "/jobs", query="name=a&limit=1").json["next_token"]

    assert len(listed(f"name=a&next_token={token}")) == 1
    for other in ["", "name=b&", "name=a&tag=t&", "name=a&status=PENDING&", "name=a&type=noop&"]:
        answer = call("GET", "/jobs", query=f"{other}next_token={token}")
        assert (answer.status, answer.fields) == (422, ["next_token"]), other


def test_a_page_stays_within_the_row_limit_for_tallies(reads: Counter[str]) -> None:
    jobs = [submit(count=64 * 400, chunk_size=1) for _ in range(5)]
    for job in jobs:
        start(job)
    reads.clear()

    page = call("GET", "/jobs").json
    rest = call("GET", "/jobs", query=f"next_token={page['next_token']}").json

    assert [len(each["items"]) for each in (page, rest)] == [2, 2]
    assert reads["tallies"] == 4 * 400


def test_a_304_reads_only_the_jobs_row_and_its_tallies(reads: Counter[str]) -> None:
    job = submit(count=130, chunk_size=1)
    start(job)
    run(job)
    tag = call("GET", f"/jobs/{job}").headers["ETag"]
    reads.clear()

    answer = call("GET", f"/jobs/{job}", headers={"If-None-Match": tag})

    assert answer.status == 304
    assert reads == {"jobs": 1, "tallies": 3}


def test_a_304_of_a_closed_job_reads_only_its_row(reads: Counter[str]) -> None:
    job = submit(count=1)
    start(job)
    run(job)
    tag = call("GET", f"/jobs/{job}").headers["ETag"]
    reads.clear()

    answer = call("GET", f"/jobs/{job}", headers={"If-None-Match": tag})

    assert answer.status == 304
    assert reads == {"jobs": 1}


def test_a_304_of_a_list_reads_the_same_rows_as_the_list(reads: Counter[str]) -> None:
    for _ in range(3):
        start(submit(count=65, chunk_size=1))
    tag = call("GET", "/jobs").headers["ETag"]
    reads.clear()

    answer = call("GET", "/jobs", headers={"If-None-Match": tag})

    assert answer.status == 304
    assert reads == {"jobs": 6, "tallies": 6}  # an entry and a row of each job


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Count the rows of each kind that are read from now on."""
    found = Counter[str]()

    def count(store: type, method: str, kind: str, rows: Callable[[Json], int]) -> None:
        plain = getattr(store, method)

        def counted(self: Json, *args: Json, **named: Json) -> Json:
            answer = plain(self, *args, **named)
            found[kind] += rows(answer)
            return answer

        monkeypatch.setattr(store, method, counted)

    count(MemoryJobStore, "get", "jobs", lambda _: 1)
    count(MemoryJobStore, "page", "jobs", lambda page: page.read)
    count(MemoryJobStore, "tallies", "tallies", len)
    count(MemoryJobStore, "sums", "sums", lambda _: 1)
    count(MemoryWindowStore, "get", "windows", lambda _: 1)
    for method in ("get", "get_many", "parts"):
        count(MemoryChunkStore, method, "chunks", lambda _: 1)
    return found
