"""Registration of a worker."""

from collections import deque

import pytest

from shoal.wire.worker import RejectedType, RemoteRejected, RemoteUnavailable, SchemaFault
from tests.unit.worker.running_worker import Eventually, Running


def test_worker_registers_periodically(running: Running) -> None:
    running.start(announce=0.05, version="1.2", host="h")
    running.callbacks.wait_for(lambda: len(running.callbacks.registered) >= 3)

    first, second, third = running.callbacks.registered[:3]

    assert [first.number, second.number, third.number] == [1, 2, 3]
    assert first.started_at == second.started_at == third.started_at
    assert not third.leaving
    assert (first.version, first.host, first.slots) == ("1.2", "h", 2)
    assert first.queues == ["high", "normal", "low"]


def test_failed_registration_does_not_stop_the_next(running: Running) -> None:
    running.start(announce=0.05)
    running.callbacks.wait_for(lambda: running.callbacks.registered)
    running.callbacks.faults["register"] = deque(
        [RemoteUnavailable("throttled"), RemoteRejected(400, "no")]
    )

    running.callbacks.wait_for(lambda: not running.callbacks.faults["register"])
    before = len(running.callbacks.registered)
    running.callbacks.wait_for(lambda: len(running.callbacks.registered) > before)

    assert running.exit_code is None


def test_draining_worker_reports_that_it_leaves(running: Running, eventually: Eventually) -> None:
    running.start()
    running.callbacks.wait_for(lambda: running.callbacks.registered)

    running.worker.drain()
    eventually(lambda: running.exit_code is not None)

    assert running.exit_code == 0
    assert [each.leaving for each in running.callbacks.registered] == [False, True]


def test_worker_logs_a_rejected_schema_and_continues(
    running: Running, caplog: pytest.LogCaptureFixture
) -> None:
    fault = SchemaFault(pointer="/properties/a/$ref", message="refers to no subschema")
    running.callbacks.rejected = [RejectedType(name="resize", problems=[fault])]

    with caplog.at_level("ERROR", logger="shoal.worker"):
        running.start(announce=0.05)
        running.callbacks.wait_for(lambda: len(running.callbacks.registered) >= 2)

    assert [record.getMessage() for record in caplog.records] == [
        "the schema of task type resize was rejected: at /properties/a/$ref: refers to no subschema"
    ]
    assert running.exit_code is None
