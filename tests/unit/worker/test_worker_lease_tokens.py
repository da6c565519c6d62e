"""The worker sends the token of a lease with each request under it, and keeps it to itself."""

from __future__ import annotations

import logging
import sys
from dataclasses import fields

import pytest

from shoal.wire.worker import MAX_INLINE_BYTES, PER_CHUNK_PROTOCOL, PROTOCOL, TOKEN_PROTOCOL
from shoal.worker.assignment import Assignment
from shoal.worker.call_server import TaskLease
from shoal.worker.worker_context import ApiVersion
from tests.unit.worker.running_worker import Running
from tests.unit.worker.worker_fakes import JOB, FakeChunk, token_of

LARGE = MAX_INLINE_BYTES + 1


def test_every_request_under_a_lease_has_its_token(running: Running) -> None:
    running.add(2, FakeChunk("keeps", [{"key": "k", "note": "x"}], epoch=6, isolated=True))
    running.add(3, FakeChunk("large", [{"size": LARGE}], first=1))

    running.run_until_final(2, 3)

    callbacks = running.callbacks
    beats = [each.token for request in callbacks.heartbeats for each in request.leases]
    tokens = {
        "heartbeat": set(beats),
        "effect": {each.token for each in callbacks.effect_requests},
        "part": {each.token for each in callbacks.part_requests},
        "report": {each.token for each in callbacks.reports},
    }
    assert tokens == {
        "heartbeat": {token_of(2, 7)},
        "effect": {token_of(2, 7)},
        "part": {token_of(3, 1)},
        "report": {token_of(2, 7), token_of(3, 1)},
    }


def test_the_id_of_a_lease_request_has_160_random_bits(running: Running) -> None:
    running.add(0, FakeChunk("nothing", [{}]))
    running.add(1, FakeChunk("nothing", [{}], first=1))

    running.run_until_final(0, 1)

    ids = [each.request_id for each in running.callbacks.lease_requests]
    assert len(set(ids)) == len(ids)
    assert {len(bytes.fromhex(each)) for each in ids} == {20}


@pytest.mark.parametrize("protocol", [1, PER_CHUNK_PROTOCOL])
def test_an_api_of_an_earlier_protocol_gets_no_tokens(running: Running, protocol: int) -> None:
    running.callbacks.protocol = protocol
    running.add(0, FakeChunk("keeps", [{"key": "k", "note": "x"}]))
    running.add(1, FakeChunk("large", [{"size": LARGE}], first=1))

    running.run_until_final(0, 1)

    assert {each.tokens for each in running.callbacks.lease_requests} == {None}
    assert {each.token for each in running.callbacks.reports} == {None}
    assert running.callbacks.outcomes(0)[0].result == "x"


def test_fields_follow_from_the_protocol_that_the_api_answers() -> None:
    version = ApiVersion()
    sent = {}
    for version.number in range(1, PROTOCOL + 2):
        sent[version.number] = version.per_chunk, version.tokens, version.token("secret")

    assert sent == {
        1: (None, None, None),
        2: (True, None, None),
        3: (True, True, "secret"),
        4: (True, True, "secret"),
    }
    assert TOKEN_PROTOCOL == PROTOCOL


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_token_is_not_in_the_memory_of_a_child(running: Running) -> None:
    start, end = token_of(0, 1)[:15], token_of(0, 1)[15:]
    running.add(0, FakeChunk("finds_in_memory", [{"start": start, "end": end}]))

    running.run_until_final(0)

    assert running.callbacks.outcomes(0)[0].result == {"start": True, "whole": False}
    assert {each.token for each in running.callbacks.effect_requests} == {token_of(0, 1)}


def test_the_message_to_a_child_has_no_token() -> None:
    assert not [name for name in Assignment._fields if "token" in name]


def test_no_log_of_the_worker_has_a_token_or_a_request_id(
    running: Running, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    running.callbacks.report_decision = lambda _: "stale"
    running.add(0, FakeChunk("keeps", [{"key": "k", "note": "x"}]))

    running.start()
    running.callbacks.wait_for(lambda: running.callbacks.reports)
    running.leave()

    said = "".join(f"{vars(record)}" for record in caplog.records)
    assert "lease lost" in said
    assert token_of(0, 1) not in said
    assert running.callbacks.lease_requests[0].request_id not in said


def test_the_representation_of_a_call_has_no_token() -> None:
    assignment = Assignment("noop", JOB, 0, 1, timeout=1.0, one_by_one=True, tasks=[])
    lease = TaskLease(assignment, "a-secret")

    assert [each.name for each in fields(lease)] == ["assignment", "token"]
    assert "a-secret" not in repr(lease)
