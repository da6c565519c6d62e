"""Calls of tasks to the API: children ask their worker, which makes them under its lease."""

from __future__ import annotations

import json
from collections import deque

import pytest

from shoal.wire.worker import RemoteRejected, RemoteUnavailable
from tests.unit.worker.running_worker import Running
from tests.unit.worker.worker_fakes import JOB, FakeChunk


def test_effect_is_stored_under_the_lease_of_the_worker(running: Running) -> None:
    running.add(3, FakeChunk("keeps", [{"key": "charge", "note": "x"}], first=30, epoch=4))

    running.run_until_final(3)

    asked = [
        (each.worker, each.job_id, each.chunk, each.epoch, each.index, each.key)
        for each in running.callbacks.effect_requests
    ]
    assert asked == [("w-1", JOB, 3, 5, 30, "charge")] * 2
    assert running.callbacks.outcomes(3)[30].result == "x"


def test_threads_of_a_task_may_call_at_the_same_time(running: Running) -> None:
    keys = [f"k{n}" for n in range(20)]
    running.add(0, FakeChunk("keeps_many", [{"keys": keys}]))

    running.run_until_final(0)

    assert running.callbacks.outcomes(0)[0].result == [key.upper() for key in keys]


def test_call_is_repeated_while_the_api_is_unavailable(running: Running) -> None:
    running.callbacks.faults["effect"] = deque([RemoteUnavailable("503: down")])
    running.add(0, FakeChunk("keeps", [{"key": "charge", "note": "x"}]))

    running.run_until_final(0)

    assert len(running.callbacks.effect_requests) == 3
    assert running.callbacks.outcomes(0)[0].result == "x"


def test_rejected_call_fails_the_task_with_the_reason(running: Running) -> None:
    running.callbacks.faults["effect"] = deque([RemoteRejected(422, "too large")])
    running.add(0, FakeChunk("keeps", [{"key": "charge", "note": "x"}]))

    running.run_until_final(0)

    error = running.callbacks.outcomes(0)[0].error
    assert (error.type, error.message) == ("NonRetryable", "422: too large")


def test_call_under_a_lost_lease_ends_the_task_without_an_outcome(running: Running) -> None:
    running.callbacks.faults["effect"] = deque([RemoteRejected(409, "not running at epoch 1")])
    running.add(0, FakeChunk("keeps", [{"key": "charge", "note": "x"}]))

    running.run_until_final(0)

    assert running.callbacks.outcomes(0) == {}


def test_task_cannot_call_for_a_task_of_another_chunk(running: Running) -> None:
    running.add(0, FakeChunk("calls_for", [{"index": 7}]))
    running.add(1, FakeChunk("calls_for", [{"index": 7}], first=7))

    running.run_until_final(0, 1)

    assert running.callbacks.outcomes(0) == {}
    assert running.callbacks.outcomes(1)[7].result == "forged"
    assert {each.chunk for each in running.callbacks.effect_requests} == {1}


@pytest.mark.parametrize(
    "call",
    [
        "no JSON",
        {"call": "report", "index": 0},
        {"call": "effect", "index": 0, "key": "a", "job_id": JOB},
        {"call": "effect", "index": 0, "key": "k" * 1_000},
        {"call": "artifact", "index": 0, "name": "../../other"},
    ],
)
def test_anything_but_a_call_is_rejected(running: Running, call: object) -> None:
    text = call if isinstance(call, str) else json.dumps(call)
    running.add(0, FakeChunk("sends_to_worker", [{"size": 0, "text": text}]))

    running.run_until_final(0)

    answer = json.loads(running.callbacks.outcomes(0)[0].result)
    assert answer["error"]["status"] == 422
    assert running.callbacks.effect_requests == []


def test_call_above_the_limit_ends_the_calls_of_its_child(running: Running) -> None:
    running.add(0, FakeChunk("sends_to_worker", [{"size": 2_000_000}]))
    running.add(1, FakeChunk("keeps", [{"key": "charge", "note": "x"}]))

    running.run_until_final(0, 1)

    assert running.callbacks.outcomes(0)[0].outcome == "failed"
