"""Tests of failures by cause."""

from collections import Counter
from collections.abc import Callable

import pytest

from shoal.adapters.memory.chunks import MemoryChunkStore
from tests.unit.handlers.http_calls import Json, World, call, lease, outcome, report, start, submit

MOST_ROWS = 1_000
type Errors = Callable[[int], Json]


def boom(message: str, kind: str = "ValueError") -> Json:
    return {"type": kind, "message": message, "tail": "", "retryable": False}


def ran(errors: Errors, *, count: int, chunk_size: int, partly: bool = False) -> str:
    """Return the id of a job with these outcomes, one report per task if `partly`."""
    job = submit(count=count, chunk_size=chunk_size)
    start(job)
    for chunk in range(-(-count // chunk_size)):
        granted = lease(job, chunk)
        ends = [
            outcome(task["index"], error=errors(task["index"]), result={})
            for task in granted["tasks"]
        ]
        if not partly:
            report(granted, ends)
            continue
        for number, each in enumerate(ends, start=1):
            report(granted, [each], report=number, final=number == len(ends))
    return job


def page(job: str, token: str | None = None) -> Json:
    answer = call("GET", f"/jobs/{job}/failures", query=f"next_token={token}" if token else "")
    assert answer.status == 200, answer.text
    return answer.json


def pages(job: str) -> list[Json]:
    found = [page(job)]
    while found[-1]["next_token"]:
        found.append(page(job, found[-1]["next_token"]))
    return found


def test_failures_are_grouped_by_cause() -> None:
    def errors(index: int) -> Json:
        if index % 3 == 0:
            return None
        if index % 3 == 1:
            return boom(f"no such key: 'k{index}'", "KeyError")
        return boom(f"{index} is too large") if index < 5 else boom(f"{index} is too small")

    found = page(ran(errors, count=12, chunk_size=5))

    assert [(each["error_type"], each["message"], each["count"]) for each in found["items"]] == [
        ("KeyError", "no such key: <*>", 4),
        ("ValueError", "<*> is too small", 3),
        ("ValueError", "<*> is too large", 1),
    ]
    assert (found["failed"], found["counted"], found["next_token"]) == (8, 8, None)
    assert {each["task_type"] for each in found["items"]} == {"noop"}


def test_a_cause_has_three_examples_with_their_messages() -> None:
    job = ran(lambda index: boom(f"{index} is bad"), count=5, chunk_size=2)

    (cause,) = page(job)["items"]

    assert cause["examples"] == [
        {"task_id": f"{job}.{index}", "message": f"{index} is bad"} for index in range(3)
    ]


def test_a_long_message_is_truncated_with_an_ellipsis() -> None:
    job = ran(lambda _: boom("x" * 301), count=1, chunk_size=1)

    (cause,) = page(job)["items"]

    assert cause["examples"][0]["message"] == "x" * 300 + "…"


def test_a_job_without_failures_has_no_cause() -> None:
    unplanned, ended = submit(count=3), ran(lambda _: None, count=3, chunk_size=1)

    for job in (unplanned, ended):
        found = page(job)
        assert (found["items"], found["failed"], found["next_token"]) == ([], 0, None)


def test_a_page_stays_within_its_row_limit_and_the_pages_add_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    job = ran(
        lambda index: boom(f"{index} bad", f"E{index % 2}"), count=1200, chunk_size=100, partly=True
    )
    reads = _counted(monkeypatch)

    sizes, found = [], []
    token: str | None = None
    while True:
        reads.clear()
        found.append(page(job, token))
        sizes.append(reads.total())
        token = found[-1]["next_token"]
        if token is None:
            break

    assert len(found) > 1
    assert max(sizes) <= MOST_ROWS
    total = Counter[str]()
    for each in found:
        total.update({cause["error_type"]: cause["count"] for cause in each["items"]})
    assert total == {"E0": 600, "E1": 600}
    assert sum(each["counted"] for each in found) == found[0]["failed"] == 1200


def test_chunks_without_failures_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    job = ran(lambda index: boom("bad") if index == 7 else None, count=20, chunk_size=1)
    reads = _counted(monkeypatch)

    assert page(job)["counted"] == 1

    assert reads == {"chunks": 1, "parts": 1}


def test_a_page_of_many_causes_ends_and_the_next_continues() -> None:
    names = [f"{one}{two}" for one in "abcdefghijklmnopqrst" for two in "abcdefghijklmnopqrst"]
    job = ran(lambda index: boom(f"bad {names[index]}"), count=400, chunk_size=100)

    found = pages(job)

    assert [len(each["items"]) for each in found] == [300, 100]
    causes = {cause["cause"] for each in found for cause in each["items"]}
    assert len(causes) == 400


def test_a_retry_leaves_no_failure_until_tasks_fail_again() -> None:
    job = ran(lambda _: boom("bad"), count=4, chunk_size=2)
    call("POST", f"/jobs/{job}/retry")

    before = page(job)
    start(job, generation=2)
    report(lease(job, request="request-2"), [outcome(0, error=boom("worse")), outcome(1)])
    (cause,) = page(job)["items"]

    assert (before["items"], before["counted"]) == ([], 0)
    assert (cause["message"], cause["count"]) == ("worse", 1)


def test_a_failure_with_an_expired_outcome_is_counted(world: World) -> None:
    job = ran(lambda _: boom("bad"), count=2, chunk_size=2)
    world.chunks._parts.clear()  # noqa: SLF001 - there is no other way to lose them

    (cause,) = page(job)["items"]

    assert (cause["error_type"], cause["count"]) == ("Unknown", 2)


def test_a_token_of_another_jobs_failures_is_refused() -> None:
    one, other = (
        ran(lambda index: boom(f"{index}"), count=1200, chunk_size=100, partly=True)
        for _ in range(2)
    )
    token = page(one)["next_token"]

    assert call("GET", f"/jobs/{other}/failures", query=f"next_token={token}").status == 422


def _counted(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Counts the chunk rows and parts that are read from now on."""
    reads = Counter[str]()
    get_many, parts = MemoryChunkStore.get_many, MemoryChunkStore.parts

    def counted_chunks(self: MemoryChunkStore, job_id: str, numbers: Json) -> Json:
        reads["chunks"] += len(numbers)
        return get_many(self, job_id, numbers)

    def counted_parts(self: MemoryChunkStore, keys: Json) -> Json:
        reads["parts"] += len(set(keys))
        return parts(self, keys)

    monkeypatch.setattr(MemoryChunkStore, "get_many", counted_chunks)
    monkeypatch.setattr(MemoryChunkStore, "parts", counted_parts)
    return reads
