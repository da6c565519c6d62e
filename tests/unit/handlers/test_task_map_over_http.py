"""Tests of the map of a job's tasks."""

import gzip
import struct
from collections import Counter
from collections.abc import Iterator

import pytest

from shoal.adapters.memory.chunks import MemoryChunkStore
from shoal.service import task_map
from tests.unit.handlers.http_calls import (
    ApiResponse,
    Json,
    call,
    lease,
    outcome,
    report,
    run,
    start,
    submit,
)

FAULT = {"type": "ValueError", "message": "no", "tail": "", "retryable": False}
LETTERS = {
    "PENDING": "P",
    "RUNNING": "R",
    "RETRYING": "T",
    "COMPLETED": "C",
    "FAILED": "F",
    "CANCELLED": "X",
}
type Reads = Counter[str]


def seen(job: str, query: str = "") -> bytes:
    answer = call("GET", f"/jobs/{job}/map", query=query)
    assert answer.status == 200, answer.text
    return answer.content


def listed(job: str) -> bytes:
    """Return the map computed from the list of tasks, which reads every row."""
    items, token = list[Json](), ""
    while not items or token:
        page = call("GET", f"/jobs/{job}/tasks", query=f"limit=1000{token}").json
        items += page["items"]
        token = f"&next_token={page['next_token']}" if page["next_token"] else ""
    return "".join(LETTERS[item["status"]] for item in items).encode()


def counted(job: str) -> list[tuple[int, ...]]:
    return [*struct.iter_unpack("<6H", seen(job, "cells=chunk"))]


def in_many_ways(count: int = 20) -> str:
    """Return the id of a job with chunks of four: completed, mixed, failed, running, waiting."""
    job = submit(count=count, chunk_size=4, retry={"max_attempts": 2})
    start(job)
    run(job, 0)
    again = {**FAULT, "retryable": True}
    report(lease(job, 1), [outcome(4), outcome(5, error=FAULT), outcome(6, error=again)])
    report(lease(job, 2), [outcome(index, error=FAULT) for index in range(8, 12)])
    lease(job, 3)
    return job


def test_the_map_agrees_with_the_list_of_tasks(reads: Reads) -> None:
    job = in_many_ways()
    reads.clear()

    letters = seen(job)

    assert reads == {"chunks": 1}  # the mixed one
    assert letters == b"CCCCCFTPFFFFRRRRPPPP" == listed(job)
    assert counted(job) == [
        (0, 0, 0, 4, 0, 0),
        (1, 0, 1, 1, 1, 0),
        (0, 0, 0, 0, 4, 0),
        (0, 4, 0, 0, 0, 0),
        (4, 0, 0, 0, 0, 0),
    ]


def test_unfinished_tasks_of_a_cancelled_job_show_as_cancelled() -> None:
    from handlers import monitor_completion  # noqa: PLC0415 - only this test ends a job

    job = in_many_ways()
    call("POST", f"/jobs/{job}/cancel")
    monitor_completion.handler({"job": job, "generation": 1, "n": 1, "passes": 0, "seen": {}}, None)
    assert call("GET", f"/jobs/{job}").json["status"] == "CANCELLED"

    assert seen(job) == b"CCCCCFXXFFFFXXXXXXXX" == listed(job)
    assert [sum(each) for each in counted(job)] == [4] * 5


def test_a_retried_job_shows_the_same_map_before_and_after_its_reset() -> None:
    job = submit(count=6, chunk_size=2)
    start(job)
    report(lease(job, 0), [outcome(0), outcome(1, error=FAULT)])
    report(lease(job, 1), [outcome(2), outcome(3)])
    report(lease(job, 2), [outcome(4, error=FAULT), outcome(5, error=FAULT)])
    closed = seen(job)
    call("POST", f"/jobs/{job}/retry")

    before = seen(job)
    start(job, generation=2)

    assert closed == b"CFCCFF"
    assert before == seen(job) == b"CPCCPP" == listed(job)


def test_the_map_of_a_job_with_one_final_status_reads_only_its_row(reads: Reads) -> None:
    job = submit(count=9, chunk_size=2)
    start(job)
    for chunk in range(5):
        run(job, chunk)
    reads.clear()

    assert seen(job) == b"C" * 9
    assert reads == {}


def test_the_map_of_an_unplanned_job_shows_known_tasks_as_pending() -> None:
    known, unknown = submit(count=3), submit(inputs_uri=uploaded())

    assert (seen(known), seen(known, "cells=chunk")) == (b"PPP", b"")
    assert call("GET", f"/jobs/{unknown}/map").headers["X-Task-Count"] == "0"
    assert seen(unknown) == b""


def uploaded() -> str:
    from shoal import bootstrap  # noqa: PLC0415 - as workers' side of it

    uri: str = call("POST", "/inputs").json["inputs_uri"]
    blobs = bootstrap.adapters().blobs
    blobs.put(blobs.key_of(uri) or "", b"{}\n")
    return uri


def test_a_map_at_the_row_limit_continues_after_its_last_task(
    reads: Reads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(task_map, "MOST_MIXED", 2)
    job = submit(count=23, chunk_size=3)
    start(job)
    for chunk in (0, 1, 3, 6):
        report(lease(job, chunk), [outcome(3 * chunk)])
    reads.clear()

    pieces = [*_pieces(job)]

    assert [len(piece.content) for piece in pieces] == [9, 14]
    assert reads["chunks"] == 4
    assert b"".join(piece.content for piece in pieces) == listed(job)
    assert {piece.headers["X-Task-Count"] for piece in pieces} == {"23"}


def _pieces(job: str) -> Iterator[ApiResponse]:
    at = 0
    while at < 23:
        piece = call("GET", f"/jobs/{job}/map", query=f"start={at}")
        yield piece
        at += len(piece.content)


@pytest.mark.parametrize("at", [0, 1, 5, 8, 19, 20, 1_000_000])
def test_a_map_starts_at_the_requested_index(at: int) -> None:
    job = in_many_ways()

    assert seen(job, f"start={at}") == b"CCCCCFTPFFFFRRRRPPPP"[at:]


def test_an_unchanged_map_is_304_and_reads_no_chunk(reads: Reads) -> None:
    job = in_many_ways()
    tags = {
        query: call("GET", f"/jobs/{job}/map", query=query).headers["ETag"]
        for query in ("", "start=4", "cells=chunk")
    }
    reads.clear()

    statuses = {
        (query, mine): call(
            "GET", f"/jobs/{job}/map", query=query, headers={"If-None-Match": tag}
        ).status
        for query in tags
        for mine, tag in tags.items()
    }

    assert {pair for pair, status in statuses.items() if status == 304} == {(q, q) for q in tags}
    assert len(set(tags.values())) == 3
    assert reads["chunks"] == 4  # of the two other answers with tasks, twice
    run(job, 4)
    answer = call("GET", f"/jobs/{job}/map", headers={"If-None-Match": tags[""]})
    assert (answer.status, answer.content[-4:]) == (200, b"CCCC")


def test_a_large_map_is_compressed_for_clients_that_accept_it() -> None:
    job = submit(count=100_000, chunk_size=256)
    start(job)
    run(job, 3)

    packed = call("GET", f"/jobs/{job}/map", headers={"Accept-Encoding": "br, gzip"})

    assert packed.headers["Content-Encoding"] == "gzip"
    assert len(packed.content) < 1_000
    assert gzip.decompress(packed.content) == seen(job)
    assert packed.headers["ETag"] == call("GET", f"/jobs/{job}/map").headers["ETag"]


@pytest.mark.parametrize("query", ["cells=row", "start=-1", "start=1000001", "start=x"])
def test_an_invalid_query_of_the_map_is_refused(query: str) -> None:
    assert call("GET", f"/jobs/{submit(count=1)}/map", query=query).status == 422


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Reads:
    """Counts the chunk rows that are read from now on."""
    found = Counter[str]()
    plain = MemoryChunkStore.statuses

    def statuses(self: MemoryChunkStore, job_id: str, numbers: Json) -> Json:
        found.update({"chunks": len(numbers)} if numbers else {})
        return plain(self, job_id, numbers)

    monkeypatch.setattr(MemoryChunkStore, "statuses", statuses)
    return found
