"""The protocol of the worker with the queues and the API."""

import os
import signal
from collections import deque
from pathlib import Path
from typing import Any

import pytest

from shoal.wire.worker import Lease, RemoteRejected, RemoteUnavailable, Report
from shoal.worker import pool
from tests.unit.worker.running_worker import Eventually, Running
from tests.unit.worker.worker_fakes import JOB, FakeChunk


def refusing(decision: str, **more: Any) -> FakeChunk:
    lease = Lease.model_validate({"job_id": JOB, "chunk": 0, "decision": decision} | more)
    return FakeChunk("echo", [{}], refusal=lease)


def test_types_are_registered_before_the_first_receive(running: Running) -> None:
    running.run_until_final()

    registration, _goodbye = running.callbacks.registered
    schema = {each.name: each.input_schema for each in registration.task_types}["typed"]
    assert schema["required"] == ["size"]
    assert schema["additionalProperties"] is False


def test_receive_is_limited_to_the_free_slots(running: Running, tmp_path: Path) -> None:
    gate = tmp_path / "open"
    for chunk in range(5):
        running.add(chunk, FakeChunk("waits_for", [{"path": str(gate)}], first=chunk))

    running.start(slots=2)
    running.callbacks.wait_for(lambda: len(running.callbacks.lease_requests) >= 1)
    waiting = len(running.deliveries.visible["normal"])
    gate.touch()
    running.callbacks.wait_for(lambda: all(map(running.callbacks.final, range(5))))

    assert waiting == 3
    assert max(running.deliveries.limits) <= 2


def test_chunks_are_leased_together_and_reported_together(running: Running) -> None:
    for chunk in range(10):
        running.add(chunk, FakeChunk("echo", [{}], first=chunk))

    running.run_until_final(*range(10), slots=10)

    assert [len(request.chunks) for request in running.callbacks.lease_requests] == [10]
    assert max(running.callbacks.report_sizes) > 1


def test_retried_lease_request_has_the_same_id(running: Running) -> None:
    running.add(0, FakeChunk("echo", [{}]))
    running.callbacks.faults["lease"] = deque(
        [RemoteUnavailable("lost"), RemoteUnavailable("again", retry_after=0.01)]
    )

    running.run_until_final(0)

    ids = [request.request_id for request in running.callbacks.lease_requests]
    assert len(ids) == 3
    assert len(set(ids)) == 1


def test_unavailable_queue_is_retried(running: Running) -> None:
    running.deliveries.faults = deque([RemoteUnavailable("no queue")] * 3)
    running.add(0, FakeChunk("echo", [{}]))

    running.run_until_final(0)

    assert 0 in running.callbacks.outcomes(0)


def test_message_is_deleted_only_after_a_successful_report(
    running: Running,
) -> None:
    receipt = running.add(0, FakeChunk("echo", [{}]))
    deleted_before: list[list[str]] = []

    def decide(_: Report) -> str:
        deleted_before.append(list(running.deliveries.deleted))
        return "accepted"

    running.callbacks.report_decision = decide
    running.callbacks.faults["report"] = deque([RemoteUnavailable("lost")] * 3)

    running.run_until_final(0)

    assert deleted_before == [[]]
    assert running.deliveries.deleted == [receipt]


def test_rejected_report_drops_only_its_chunk(running: Running) -> None:
    bad, good = (running.add(n, FakeChunk("echo", [{}], first=n)) for n in (0, 1))

    def decide(report: Report) -> str:
        if report.chunk == 0:
            raise RemoteRejected(422, "no")
        return "accepted"

    running.callbacks.report_decision = decide
    running.start()
    running.deliveries.wait_for(lambda: good in running.deliveries.deleted)
    assert running.leave() == 0

    assert bad not in running.deliveries.deleted


def test_rejected_lease_drops_only_its_chunk(running: Running) -> None:
    running.add(0, FakeChunk("echo", [{}]))
    good = running.add(1, FakeChunk("echo", [{}], first=1))
    running.callbacks.faults["lease"] = deque(
        [RemoteRejected(422, "one is bad"), RemoteRejected(422, "this")]
    )

    running.start()
    running.deliveries.wait_for(lambda: good in running.deliveries.deleted)

    assert running.leave() == 0
    assert running.deliveries.deleted == [good]


@pytest.mark.parametrize("decision", ["done", "cancelled", "paused"])
def test_message_of_a_chunk_without_work_is_deleted(running: Running, decision: str) -> None:
    running.callbacks.chunks[0] = refusing(decision)
    receipt = running.deliveries.send_chunk(0)

    running.start()
    running.deliveries.wait_for(lambda: running.deliveries.deleted)
    running.leave()

    assert running.deliveries.deleted == [receipt]
    assert running.callbacks.reports == []


def test_message_of_a_held_chunk_is_hidden_until_the_lease_ends(running: Running) -> None:
    running.callbacks.chunks[0] = refusing("held", retry_after=41.2)
    receipt = running.deliveries.send_chunk(0)

    running.start()
    running.deliveries.wait_for(lambda: (receipt, 42) in running.deliveries.hidden)
    running.leave()

    assert running.deliveries.deleted == []


def test_message_delivered_twice_runs_once(running: Running, tmp_path: Path) -> None:
    gate = tmp_path / "open"
    running.add(0, FakeChunk("waits_for", [{"path": str(gate)}]))
    running.start()
    running.callbacks.wait_for(lambda: running.callbacks.lease_requests)

    second = running.deliveries.send_chunk(0)
    running.deliveries.wait_for(lambda: (second, 60) in running.deliveries.hidden)
    gate.touch()
    running.callbacks.wait_for(lambda: running.callbacks.final(0))

    assert len(running.callbacks.lease_requests) == 1


def test_invalid_message_is_left_for_the_dead_letter_queue(running: Running) -> None:
    running.deliveries.send("what is this?")
    running.add(0, FakeChunk("echo", [{}]))

    running.run_until_final(0)

    assert "r0" not in running.deliveries.deleted


def test_stale_report_does_not_delete_the_message(running: Running) -> None:
    running.add(0, FakeChunk("echo", [{}]))
    running.callbacks.report_decision = lambda _: "stale"

    running.run_until_final(0)

    assert running.deliveries.deleted == []


@pytest.mark.parametrize(
    ("decision", "deleted"),
    [
        ({"decision": "stale"}, False),
        ({"decision": "cancelled"}, True),
        ({"decision": "extended", "directive": "cancel"}, True),
    ],
)
def test_lost_or_cancelled_chunk_is_dropped(
    running: Running,
    monkeypatch: pytest.MonkeyPatch,
    decision: dict[str, Any],
    *,
    deleted: bool,
) -> None:
    monkeypatch.setattr(pool, "CLEAN_UP_SECONDS", 0.2)
    receipt = running.add(0, FakeChunk("hangs", [{}] * 3))
    extended = {"decision": "extended"}
    running.callbacks.beat_decision = lambda chunk: extended if chunk else decision
    running.start(lease=0.3, slots=1)
    running.callbacks.wait_for(lambda: running.callbacks.heartbeats)

    running.add(1, FakeChunk("echo", [{}]))  # the slot is free again
    running.callbacks.wait_for(lambda: running.callbacks.final(1))
    running.leave()

    assert (receipt in running.deliveries.deleted) is deleted
    assert running.callbacks.outcomes(0) == {}


def test_heartbeat_after_the_final_report_changes_nothing(
    running: Running, caplog: pytest.LogCaptureFixture
) -> None:
    receipt = running.add(0, FakeChunk("echo", [{}]))
    running.callbacks.beat_decision = lambda _: {"decision": "stale"}
    running.callbacks.faults["report"] = deque([RemoteUnavailable("slow", retry_after=0.4)])

    running.run_until_final(0, lease=0.3)

    assert running.callbacks.heartbeats
    assert running.deliveries.deleted == [receipt]
    assert "lease lost" not in caplog.text


def test_heartbeats_name_the_current_task_and_extend_the_visibility(running: Running) -> None:
    receipt = running.add(0, FakeChunk("hangs", [{"at": 1}] * 3, first=40))
    running.callbacks.chunks[0].inputs = [{"at": 41}] * 3

    running.start(lease=0.3)
    running.callbacks.wait_for(
        lambda: any(
            beat.index == 41 for each in running.callbacks.heartbeats for beat in each.leases
        )
    )
    running.deliveries.wait_for(lambda: (receipt, 0.3) in running.deliveries.hidden)

    running.callbacks.beat_decision = lambda _: {"decision": "stale"}
    running.leave()


def test_outcomes_are_reported_periodically_while_the_chunk_runs(
    running: Running, tmp_path: Path
) -> None:
    gate = tmp_path / "open"
    running.add(0, FakeChunk("waits_for", [{"path": str(gate)}] * 2))
    running.callbacks.chunks[0].inputs = [{"path": str(tmp_path)}, {"path": str(gate)}]

    running.start(lease=0.3)
    running.callbacks.wait_for(lambda: running.callbacks.reports)
    gate.touch()
    running.callbacks.wait_for(lambda: running.callbacks.final(0))

    first, last = running.callbacks.reports
    assert (first.report, first.final, [o.index for o in first.outcomes]) == (1, False, [0])
    assert (last.report, last.final, [o.index for o in last.outcomes]) == (2, True, [1])


def test_paused_chunk_ends_after_its_current_task(
    running: Running, tmp_path: Path, eventually: Eventually
) -> None:
    gate = tmp_path / "open"
    receipt = running.add(0, FakeChunk("waits_for", [{"path": str(gate)}] * 3))
    running.callbacks.beat_decision = lambda _: {"decision": "extended", "directive": "pause"}
    running.start(lease=0.3)
    eventually((tmp_path / "open.0.began").exists)
    running.callbacks.wait_for(lambda: len(running.callbacks.heartbeats) > 1)

    gate.touch()
    running.callbacks.wait_for(lambda: running.callbacks.final(0))
    running.deliveries.wait_for(lambda: receipt in running.deliveries.deleted)

    assert list(running.callbacks.outcomes(0)) == [0]


def test_isolated_chunk_runs_and_reports_each_task_in_a_fresh_child(
    running: Running,
) -> None:
    running.add(0, FakeChunk("process_id", [{}] * 4, isolated=True))

    running.run_until_final(0)

    pids = [each.result for each in running.callbacks.outcomes(0).values()]
    assert len(set(pids)) == 4
    assert [len(report.outcomes) for report in running.callbacks.reports] == [1] * 4
    assert [report.final for report in running.callbacks.reports] == [False, False, False, True]


def test_isolated_task_starts_after_the_previous_report_is_accepted(
    running: Running, tmp_path: Path
) -> None:
    gate = tmp_path / "open"
    gate.touch()
    began: list[bool] = []

    def decide(report: Report) -> str:
        if not report.final:
            began.append((tmp_path / f"open.{report.report}.began").exists())
        return "accepted"

    running.callbacks.report_decision = decide
    running.add(0, FakeChunk("waits_for", [{"path": str(gate)}] * 3, isolated=True))

    running.run_until_final(0)

    assert began == [False, False]


def test_chunk_of_an_unknown_type_is_returned_at_once(running: Running) -> None:
    receipt = running.add(0, FakeChunk("unheard_of", [{}]))
    running.run_until_final(0)

    assert receipt in running.deliveries.deleted
    assert running.callbacks.outcomes(0) == {}


def test_message_11_hours_old_is_reported_and_released(running: Running) -> None:
    receipt = running.add(0, FakeChunk("hangs", [{"at": 1}] * 3))
    running.start(lease=0.3)
    running.callbacks.wait_for(lambda: running.callbacks.outcomes(0))

    running.clock.ahead = 11 * 3600.0 + 1
    running.callbacks.wait_for(lambda: running.callbacks.final(0))
    running.deliveries.wait_for(lambda: receipt in running.deliveries.deleted)

    assert list(running.callbacks.outcomes(0)) == [0]


def test_large_inputs_are_downloaded_and_merged_over_the_params(
    running: Running,
) -> None:
    running.callbacks.downloads["https://get.invalid"] = b'{"a":1}\n{"a":2,"b":9}\n{"a":3}'
    tasks = [{"index": i, "attempt": 1, "line": line} for i, line in ((0, 0), (1, 1), (2, 2))]
    extra = {
        "tasks": tasks,
        "params": {"b": 7},
        "inputs": {"url": "https://get.invalid", "headers": {"Range": "bytes=0-99"}},
    }
    running.add(0, FakeChunk("echo", [], extra=extra))

    running.run_until_final(0)

    results = [each.result for each in running.callbacks.outcomes(0).values()]
    assert results == [{"a": 1, "b": 7}, {"a": 2, "b": 9}, {"a": 3, "b": 7}]


def test_input_is_merged_over_the_params(running: Running) -> None:
    running.add(0, FakeChunk("echo", [{}, {"b": 9}], extra={"params": {"a": 1, "b": 7}}))

    running.run_until_final(0)

    results = [each.result for each in running.callbacks.outcomes(0).values()]
    assert results == [{"a": 1, "b": 7}, {"a": 1, "b": 9}]


def test_unreadable_inputs_fail_the_tasks(running: Running) -> None:
    extra = {
        "tasks": [{"index": 0, "attempt": 1, "line": 0}],
        "inputs": {"url": "https://get.invalid"},
    }
    running.callbacks.faults["download"] = deque([RemoteRejected(403, "expired")])
    running.add(0, FakeChunk("echo", [], extra=extra))

    running.run_until_final(0)

    assert running.callbacks.outcomes(0)[0].error.type == "InputsUnreadable"


def test_messages_of_every_queue_are_received(running: Running) -> None:
    for chunk, queue in enumerate(("low", "high", "normal")):
        running.add(chunk, FakeChunk("echo", [{}], first=chunk), queue)

    running.run_until_final(0, 1, 2)

    assert len(running.deliveries.deleted) == 3


def test_dead_idle_child_is_replaced(running: Running, eventually: Eventually) -> None:
    running.add(0, FakeChunk("process_id", [{}]))
    running.start(slots=1)
    running.callbacks.wait_for(lambda: running.callbacks.final(0))
    pid = running.callbacks.outcomes(0)[0].result

    os.kill(pid, signal.SIGKILL)
    eventually(lambda: not Path(f"/proc/{pid}").exists())
    running.add(1, FakeChunk("process_id", [{}], first=1))
    running.callbacks.wait_for(lambda: running.callbacks.final(1))

    assert running.callbacks.outcomes(1)[1].result != pid
