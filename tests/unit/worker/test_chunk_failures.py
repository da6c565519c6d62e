"""A failure of one chunk does not stop the others."""

from __future__ import annotations

from collections import deque
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from shoal.wire.worker import Lease, RemoteFailed, RemoteUnavailable, Report
from shoal.worker import worker
from tests.unit.worker.running_worker import Eventually, Running
from tests.unit.worker.worker_fakes import JOB, FakeChunk

FAILED = RemoteFailed("500: internal error")
CHUNKS = 9
BAD = 4
GOOD = [chunk for chunk in range(CHUNKS) if chunk != BAD]


def add_all(running: Running) -> dict[int, str]:
    return {
        chunk: running.add(chunk, FakeChunk("echo", [{}], first=chunk)) for chunk in range(CHUNKS)
    }


@pytest.mark.parametrize("call", ["lease", "report"])
def test_chunk_that_always_fails_does_not_stop_the_others(
    running: Running, call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "LAST_REPORTS_SECONDS", 0.2)
    receipts = add_all(running)
    running.callbacks.failures[call] = {BAD: FAILED}

    running.start(slots=4, grace=0.1)
    running.callbacks.wait_for(lambda: all(map(running.callbacks.final, GOOD)))
    running.deliveries.wait_for(
        lambda: {receipts[chunk] for chunk in GOOD} <= {*running.deliveries.deleted}
    )

    assert not running.callbacks.final(BAD)
    assert receipts[BAD] not in running.deliveries.deleted
    running.leave()


def test_lease_that_failed_is_repeated_under_the_same_request_id(running: Running) -> None:
    add_all(running)
    running.callbacks.failures["lease"] = {BAD: FAILED}
    running.start(slots=CHUNKS)
    running.callbacks.wait_for(lambda: all(map(running.callbacks.final, GOOD)))

    del running.callbacks.failures["lease"][BAD]
    running.clock.ahead += 60.0
    running.callbacks.wait_for(lambda: running.callbacks.final(BAD))

    asked = [
        request.request_id
        for request in running.callbacks.lease_requests
        if any(each.chunk == BAD for each in request.chunks)
    ]
    assert len(asked) > 2
    assert len(set(asked)) == 1
    assert running.leave() == 0


def unavailable(chunk: int) -> Lease:
    return Lease.model_validate(
        {"job_id": JOB, "chunk": chunk, "decision": "unavailable", "retry_after": 2.0}
    )


def asked(running: Running, times: int) -> bool:
    return len(running.callbacks.lease_requests) >= times


def test_unavailable_chunk_returns_to_the_queue_after_some_time(running: Running) -> None:
    receipt = running.add(0, FakeChunk("echo", [{}], refusal=unavailable(0)))
    running.start()

    for tries in range(1, 8):
        running.callbacks.wait_for(partial(asked, running, tries))
        running.clock.ahead += 60.0
    running.deliveries.wait_for(lambda: (receipt, 60) in running.deliveries.hidden)

    assert running.leave() == 0


def test_chunk_that_was_set_aside_returns_to_the_queue_on_drain(running: Running) -> None:
    receipt = running.add(0, FakeChunk("echo", [{}], refusal=unavailable(0)))
    running.start()
    running.callbacks.wait_for(lambda: running.callbacks.lease_requests)

    assert running.leave() == 0

    assert (receipt, 0) in running.deliveries.hidden


def test_report_that_failed_is_repeated_with_its_number_and_outcomes(running: Running) -> None:
    running.add(0, FakeChunk("echo", [{"n": 1}]))
    running.callbacks.failures["report"] = {0: FAILED}
    running.start()
    running.callbacks.wait_for(lambda: running.callbacks.report_requests)

    del running.callbacks.failures["report"][0]
    running.callbacks.wait_for(lambda: running.callbacks.final(0))

    sent = [each for request in running.callbacks.report_requests for each in request.reports]
    assert len(sent) > 1
    assert all(each == sent[0] for each in sent)
    assert running.leave() == 0


def test_unavailable_partial_report_is_followed_by_the_final_one(
    running: Running, tmp_path: Path
) -> None:
    gate = tmp_path / "open"
    running.add(0, FakeChunk("waits_for", [{"path": str(tmp_path)}, {"path": str(gate)}]))
    decisions = deque(["unavailable"])
    running.callbacks.report_decision = lambda _: decisions.popleft() if decisions else "accepted"
    running.start(lease=0.3)
    running.callbacks.wait_for(lambda: running.callbacks.reports)

    gate.touch()
    running.callbacks.wait_for(lambda: running.callbacks.final(0))

    numbers = [(each.report, each.final) for each in running.callbacks.reports]
    assert numbers == [(1, False), (1, False), (2, True)]
    assert [len(each.outcomes) for each in running.callbacks.reports] == [1, 1, 1]
    assert running.leave() == 0


def test_part_that_is_missing_is_uploaded_again(running: Running) -> None:
    running.add(0, FakeChunk("large", [{"size": 300_000}]))
    decisions = deque(["part_missing"])
    running.callbacks.report_decision = lambda _: decisions.popleft() if decisions else "accepted"

    running.start()
    running.callbacks.wait_for(lambda: len(running.callbacks.reports) > 1)

    assert len(running.callbacks.uploads) == 2
    assert running.leave() == 0


def test_failed_worker_leaves_although_a_report_always_fails(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "LAST_REPORTS_SECONDS", 0.2)
    running.add(0, FakeChunk("echo", [{}]))
    running.callbacks.failures["report"] = {0: FAILED}
    running.start(grace=0.1)
    running.callbacks.wait_for(lambda: running.callbacks.report_requests)

    assert running.leave() == 1


# Heartbeats.


def hang(running: Running, tmp_path: Path) -> str:
    return running.add(0, FakeChunk("waits_for", [{"path": str(tmp_path / "never")}]))


def test_leases_are_renewed_while_sqs_is_unavailable(
    running: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hang(running, tmp_path)

    def down(*_: Any) -> None:
        raise RemoteUnavailable("SQS is down")

    monkeypatch.setattr(running.deliveries, "hide", down)
    running.start(lease=0.3, grace=0.1)

    running.callbacks.wait_for(lambda: len(running.callbacks.heartbeats) > 2)
    running.leave()


def test_messages_stay_hidden_while_the_api_is_unavailable(
    running: Running, tmp_path: Path
) -> None:
    receipt = hang(running, tmp_path)
    running.callbacks.failures["heartbeat"] = {0: RemoteUnavailable("the API is down")}
    running.start(lease=0.3, grace=0.1)

    running.deliveries.wait_for(lambda: running.deliveries.hidden.count((receipt, 0.3)) > 2)
    running.leave()


def test_heartbeats_that_fail_together_are_sent_apart(running: Running, tmp_path: Path) -> None:
    for chunk in range(3):
        running.add(chunk, FakeChunk("waits_for", [{"path": str(tmp_path / "never")}]))
    running.callbacks.failures["heartbeat"] = {1: FAILED}
    running.start(slots=3, lease=0.3, grace=0.1)

    running.callbacks.wait_for(
        lambda: (
            [
                {each.chunk for each in request.leases} for request in running.callbacks.heartbeats
            ].count({2})
            > 1
        )
    )
    running.leave()


# Acknowledgements.


def test_isolated_task_is_named_before_it_starts(running: Running, tmp_path: Path) -> None:
    gate = tmp_path / "open"
    gate.touch()
    began: list[tuple[int | None, bool]] = []

    def decide(chunk: int) -> dict[str, Any]:
        (beat,) = running.callbacks.heartbeats[-1].leases
        assert beat.chunk == chunk
        began.append((beat.index, (tmp_path / f"open.{beat.index}.began").exists()))
        return {"decision": "extended"}

    running.callbacks.beat_decision = decide
    running.add(0, FakeChunk("waits_for", [{"path": str(gate)}] * 3, isolated=True))

    running.run_until_final(0)

    assert began == [(0, False), (1, False), (2, False)]


def test_isolated_task_starts_only_once_its_name_is_acknowledged(
    running: Running, tmp_path: Path, eventually: Eventually
) -> None:
    gate = tmp_path / "open"
    gate.touch()
    decisions = deque(["unavailable", "unavailable"])
    seen: list[bool] = []

    def decide(_: int) -> dict[str, Any]:
        seen.append((tmp_path / "open.0.began").exists())
        return {"decision": decisions.popleft() if decisions else "extended"}

    running.callbacks.faults["heartbeat"] = deque([RemoteUnavailable("lost")])
    running.callbacks.beat_decision = decide
    running.add(0, FakeChunk("waits_for", [{"path": str(gate)}], isolated=True))
    running.start(lease=0.6)
    eventually((tmp_path / "open.0.began").exists)

    assert seen[:3] == [False, False, False]
    running.callbacks.wait_for(lambda: running.callbacks.final(0))
    assert running.leave() == 0


@pytest.mark.parametrize("decision", ["stale", "cancelled"])
def test_isolated_task_whose_name_is_refused_does_not_start(
    running: Running, tmp_path: Path, decision: str
) -> None:
    receipt = running.add(
        0, FakeChunk("waits_for", [{"path": str(tmp_path / "open")}], isolated=True)
    )
    running.callbacks.beat_decision = lambda _: {"decision": decision}
    running.start()
    running.callbacks.wait_for(lambda: running.callbacks.heartbeats)

    assert running.leave() == 0
    assert not (tmp_path / "open.0.began").exists()
    assert (receipt in running.deliveries.deleted) == (decision == "cancelled")
    assert not running.callbacks.reports


def test_isolated_chunk_is_handed_back_if_the_worker_drains_before_the_acknowledgement(
    running: Running, tmp_path: Path
) -> None:
    running.add(0, FakeChunk("waits_for", [{"path": str(tmp_path / "open")}], isolated=True))
    running.callbacks.beat_decision = lambda _: {"decision": "unavailable"}
    running.start()
    running.callbacks.wait_for(lambda: running.callbacks.heartbeats)

    assert running.leave() == 0
    assert running.callbacks.final(0)
    assert running.callbacks.outcomes(0) == {}


# Task types.


def test_lease_request_names_the_types_of_the_worker(running: Running) -> None:
    refusal = Lease.model_validate({"job_id": JOB, "chunk": 0, "decision": "type_not_offered"})
    receipt = running.add(0, FakeChunk("echo", [{}], refusal=refusal))
    running.start()
    running.deliveries.wait_for(lambda: receipt in running.deliveries.deleted)

    (request,) = running.callbacks.lease_requests
    assert request.task_types is not None
    assert {"echo", "typed"} <= set(request.task_types)
    assert request.per_chunk
    assert running.leave() == 0


def test_worker_leaves_a_queue_with_chunks_of_another_type(running: Running) -> None:
    refused = {"job_id": JOB, "chunk": 0, "decision": "type_not_offered", "retry_after": 60}
    receipt = running.add(0, FakeChunk("echo", [{}], refusal=Lease.model_validate(refused)))
    running.start(weights={"normal": 1, "high": 1})
    running.deliveries.wait_for(lambda: receipt in running.deliveries.deleted)

    left = running.deliveries.send_chunk(0)
    running.add(1, FakeChunk("echo", [{}]), "high")
    running.callbacks.wait_for(lambda: running.callbacks.final(1))

    assert [each.receipt for each in running.deliveries.visible["normal"]] == [left]
    assert running.leave() == 0


def test_old_api_gets_no_fields_that_it_does_not_know(running: Running) -> None:
    running.callbacks.protocol = 1
    running.add(0, FakeChunk("hangs", [{"at": 5}] * 2))

    def is_final(report: Report) -> str:
        assert report.chunk == 0
        return "accepted"

    running.callbacks.report_decision = is_final
    running.run_until_final(0, lease=0.3)

    assert {each.per_chunk for each in running.callbacks.lease_requests} == {None}
    assert {each.per_chunk for each in running.callbacks.report_requests} == {None}
    assert running.callbacks.lease_requests[0].task_types is None
