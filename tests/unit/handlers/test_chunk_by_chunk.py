"""The chunks of a request are answered one by one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from shoal.domain.chunk import Chunk
from shoal.domain.errors import Unavailable
from shoal.domain.outcome import PartKey
from shoal.service.type_mismatch import LEAVE_SECONDS, OFFERED_SECONDS, UNOFFERED_SECONDS
from tests.unit.handlers.http_calls import (
    Json,
    World,
    acknowledge,
    call,
    callback,
    lease,
    outcome,
    report,
    start,
    submit,
)

BAD = 3
LENGTH = 60.0


@pytest.fixture
def job() -> str:
    job = submit(count=10, chunk_size=1)
    start(job)
    return job


def lease_all(job: str, request: str = "request-1", **fields: Json) -> Json:
    chunks = [{"job_id": job, "chunk": number} for number in range(10)]
    return callback("leases", {"worker": "w-1", "request_id": request, "chunks": chunks, **fields})


def decisions(answer: Json, noun: str) -> list[str]:
    assert answer.status == 200, answer.text
    return [each["decision"] for each in answer.json[noun]]


def make_unreadable(monkeypatch: pytest.MonkeyPatch, world: World, number: int = BAD) -> None:
    """Make every read of the row of a chunk fail, as for a row with a bad attribute."""
    get, get_many = world.chunks.get, world.chunks.get_many

    def check(numbers: Sequence[int]) -> None:
        if number in numbers:
            raise KeyError("s")

    def one(job_id: str, wanted: int) -> Chunk | None:
        check([wanted])
        return get(job_id, wanted)

    def many(job_id: str, numbers: Sequence[int]) -> list[Chunk]:
        check(numbers)
        return get_many(job_id, numbers)

    monkeypatch.setattr(world.chunks, "get", one)
    monkeypatch.setattr(world.chunks, "get_many", many)


ONE_BAD = ["granted"] * BAD + ["unavailable"] + ["granted"] * (9 - BAD)


def test_bad_row_fails_only_its_own_lease(
    job: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_unreadable(monkeypatch, world)

    answer = lease_all(job, per_chunk=True)

    assert decisions(answer, "leases") == ONE_BAD
    assert answer.json["leases"][BAD]["retry_after"] > 0


def test_bad_row_fails_the_request_of_a_worker_that_does_not_know_unavailable(
    job: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        make_unreadable(patched, world)
        assert lease_all(job).status == 500

    assert decisions(lease_all(job), "leases") == ["granted"] * 10


def test_answer_after_a_throttled_second_read_comes_with_the_repeated_request(
    job: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    first_read = world.jobs.get_many

    def throttled(_: object) -> Any:
        raise Unavailable("throttled")

    with monkeypatch.context() as patched:

        def throttle_the_second(job_ids: Any) -> Any:
            patched.setattr(world.jobs, "get_many", throttled)
            return first_read(job_ids)

        patched.setattr(world.jobs, "get_many", throttle_the_second)
        assert decisions(lease_all(job, per_chunk=True), "leases") == ["unavailable"] * 10

    assert decisions(lease_all(job, per_chunk=True), "leases") == ["granted"] * 10


def test_outage_of_the_jobs_fails_the_whole_request(
    job: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def throttled(_: object) -> Any:
        raise Unavailable("throttled")

    monkeypatch.setattr(world.jobs, "get_many", throttled)

    assert lease_all(job, per_chunk=True).status == 503


def test_bad_job_fails_only_its_own_chunks(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    good, bad = submit(count=1), submit(count=1)
    start(good)
    start(bad)
    get = world.jobs.get

    def one(job_id: str) -> Any:
        if job_id == bad:
            raise KeyError("status")
        return get(job_id)

    monkeypatch.setattr(world.jobs, "get", one)
    monkeypatch.setattr(world.jobs, "get_many", lambda ids: {each: one(each) for each in ids})
    chunks = [{"job_id": each, "chunk": 0} for each in (bad, good)]

    answer = callback(
        "leases",
        {"worker": "w-1", "request_id": "request-1", "chunks": chunks, "per_chunk": True},
    )

    assert decisions(answer, "leases") == ["unavailable", "granted"]


def reports_of(leases: Sequence[Json]) -> list[Json]:
    return [
        {
            **{name: each[name] for name in ("job_id", "chunk", "epoch")},
            "report": 1,
            "final": True,
            "outcomes": [outcome(each["chunk"])],
        }
        for each in leases
    ]


@pytest.mark.parametrize("fields", [{"per_chunk": True}, {}])
def test_bad_row_fails_only_its_own_report(
    job: str, world: World, monkeypatch: pytest.MonkeyPatch, fields: Json
) -> None:
    leases = lease_all(job).json["leases"]
    body = {"worker": "w-1", "reports": reports_of(leases), **fields}

    with monkeypatch.context() as patched:
        make_unreadable(patched, world)
        answer = callback("reports", body)

    if fields:
        accepted = ["accepted"] * BAD + ["unavailable"] + ["accepted"] * (9 - BAD)
        assert decisions(answer, "reports") == accepted
    else:
        assert answer.status == 500
    statuses = "".join(row.statuses for row in world.chunks.get_many(job, range(10)))
    assert statuses == "C" * BAD + "R" + "C" * (9 - BAD)


def test_bad_row_fails_only_its_own_heartbeat(
    job: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    leases = lease_all(job).json["leases"]
    beats = [{name: each[name] for name in ("job_id", "chunk", "epoch")} for each in leases]
    make_unreadable(monkeypatch, world)

    answer = callback("heartbeats", {"worker": "w-1", "leases": beats, "per_chunk": True})

    extended = ["extended"] * BAD + ["unavailable"] + ["extended"] * (9 - BAD)
    assert decisions(answer, "leases") == extended


# Task types.


def register(worker: str, task_type: str, **fields: Json) -> None:
    offer = {"name": task_type, "schema": {"type": "object"}}
    body = {"worker": worker, "task_types": [offer], "every": 60, **fields}
    assert callback("workers", body).status == 200


@pytest.mark.parametrize(
    ("offered", "seconds", "leaves"),
    [("noop", OFFERED_SECONDS, True), ("sized", UNOFFERED_SECONDS, False)],
)
def test_chunk_of_another_type_is_sent_on_and_not_granted(
    job: str, world: World, offered: str, seconds: float, *, leaves: bool
) -> None:
    register("w-2", offered)
    before = world.chunks.get(job, 0)
    world.queue.take()

    answer = lease(job, task_types=["sized"], per_chunk=True)

    assert answer["decision"] == "type_not_offered"
    assert "noop" in answer["reason"]
    assert ((answer["retry_after"] or 0.0) >= LEAVE_SECONDS) is leaves
    assert world.chunks.get(job, 0) == before
    (message,) = world.queue.take()
    assert message.chunk == 0
    assert seconds <= message.delay <= 1.5 * seconds
    assert lease(job, task_types=["noop", "sized"], request="request-2")["decision"] == "granted"


def test_chunk_that_no_worker_offers_is_never_a_crash(job: str, world: World) -> None:
    for number in range(8):
        lease(job, task_types=["sized"], request=f"request-{number}")
        world.clock.advance(LENGTH)

    row = world.chunks.get(job, 0)
    assert row is not None
    assert (row.statuses, row.epoch, row.crashes, row.lapses) == ("P", 0, 0, 0)
    assert row.sends == 1
    assert row.sent_at > world.clock.now() - 2 * LENGTH


def test_workers_are_read_only_after_a_mismatch_and_not_each_time(
    job: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[Any] = []
    page = world.workers.page

    def counted(**asked: Any) -> Any:
        reads.append(asked)
        return page(**asked)

    monkeypatch.setattr(world.workers, "page", counted)

    lease(job, 1, task_types=["noop"])
    assert not reads
    for number in range(5):
        lease(job, task_types=["sized"], request=f"request-{number}")

    assert len(reads) == 1


def test_held_chunk_of_another_type_is_not_sent_on(job: str, world: World) -> None:
    lease(job, worker="w-9")
    world.queue.take()

    answer = lease(job, task_types=["sized"], request="request-2")

    assert answer["decision"] == "held"
    assert not world.queue.take()


# Parts.


@pytest.mark.parametrize(
    ("fields", "decision"), [({"per_chunk": True}, "part_missing"), ({}, "stale")]
)
def test_report_of_a_part_that_was_not_uploaded_is_refused(
    job: str, world: World, fields: Json, decision: str
) -> None:
    granted = lease(job)
    key = PartKey(job, 0, granted["epoch"], 1)
    (each,) = reports_of([granted])
    body = {"worker": "w-1", "reports": [each | {"part": {"key": str(key)}}], **fields}

    refused = decisions(callback("reports", body), "reports")
    world.chunks.uploads.put(str(key), b"[]")
    accepted = decisions(callback("reports", body), "reports")

    assert (refused, accepted) == ([decision], ["accepted"])


# Single tasks.


def test_running_after_lapses_fails_no_task_that_never_ran(world: World) -> None:
    job = submit(count=2, chunk_size=2)
    start(job)
    for number in range(3):
        lease(job, worker=f"w-{number}", request=f"request-{number}")
        world.clock.advance(LENGTH)
        world.clock.advance(LENGTH * 4)

    answer = call("POST", f"/tasks/{job}.1/running", {"worker": "me"})

    assert answer.status == 200, answer.text
    row = world.chunks.get(job, 0)
    assert row is not None
    assert row.statuses == "RR"
    assert row.named == 1


def test_running_of_a_task_that_its_user_left_names_it(world: World) -> None:
    job = submit(count=2, chunk_size=2)
    start(job)
    for number in range(3):
        answer = call("POST", f"/tasks/{job}.1/running", {"worker": f"user-{number}"})
        assert answer.status == 200, answer.text
        world.clock.advance(LENGTH)

    granted = lease(job)

    assert [task["index"] for task in granted["tasks"]] == [0]


def between[**P, R](call_first: Callable[P, R], meanwhile: Callable[[], object]) -> Callable[P, R]:
    """Return the function with a concurrent request before its first call."""
    pending = [meanwhile]

    def called(*args: P.args, **named: P.kwargs) -> R:
        if pending:
            pending.pop()()
        return call_first(*args, **named)

    return called


@pytest.mark.parametrize("port", ["put_part", "put", "get"])
@pytest.mark.parametrize("verb", ["complete", "failed"])
def test_tasks_that_end_at_the_same_time_keep_their_own_outcomes(
    world: World, monkeypatch: pytest.MonkeyPatch, port: str, verb: str
) -> None:
    job = submit(count=2, chunk_size=2)
    start(job)
    call("POST", f"/tasks/{job}.0/running", {"worker": "me"})
    error = {"type": "Boom", "message": "no", "retryable": False}
    given: Json = {"complete": {"result": {"of": 1}}, "failed": {"error": error}}[verb]

    def end_the_other() -> None:
        answer = call("POST", f"/tasks/{job}.1/{verb}", {"worker": "me", **given})
        assert answer.status == 200, answer.text

    monkeypatch.setattr(world.chunks, port, between(getattr(world.chunks, port), end_the_other))
    answer = call("POST", f"/tasks/{job}.0/complete", {"worker": "me", "result": {"of": 0}})

    assert answer.status == 200, answer.text
    first, second = (call("GET", f"/tasks/{job}.{index}").json for index in (0, 1))
    assert (first["status"], first["result"]) == ("COMPLETED", {"of": 0})
    assert second["status"] == verb.upper().replace("COMPLETE", "COMPLETED")
    assert second["result"] == given.get("result")
    assert (second["error"] or {}).get("type") == given.get("error", {}).get("type")


def test_lease_that_lapsed_after_its_acknowledgement_is_a_crash(job: str, world: World) -> None:
    acknowledge(lease(job), 0)
    world.clock.advance(LENGTH)

    granted = lease(job, request="request-2")

    assert granted["isolated"]
    row = world.chunks.get(job, 0)
    assert row is not None
    assert (row.crashed, row.crashes) == (0, 1)
    assert report(granted, [outcome(0)]) == "accepted"
