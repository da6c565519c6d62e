"""A crash needs evidence: the worker had acknowledged the lease that lapsed."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from shoal.domain.chunk import LONGEST_PAUSE
from shoal.domain.errors import Unavailable
from shoal.domain.job import JobStatus
from shoal.domain.outcome import WORKER_DIED
from shoal.service.lease_answers import ChunkFailed, ChunkRef, LeaseGranted, LeaseRefused
from tests.unit.service.service_harness import LENGTH, ServiceHarness

GRANTS_TO_FAIL = 5
"""The grants after which a task that kills its worker at once is FAILED, if nothing else fails."""


def test_unacknowledged_lease_does_not_count_as_a_crash(harness: ServiceHarness) -> None:
    harness.start(2, chunk_size=2)

    for _ in range(8):
        harness.crash()

    assert harness.row().crashes == 0
    assert harness.row().statuses == "RR"


def throttled(_: Any) -> Any:
    raise Unavailable("throttled")


def test_answer_that_never_left_is_granted_again_and_not_counted(
    harness: ServiceHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness.start()
    first_read = harness.jobs.get_many

    def throttle_the_second(job_ids: Any) -> Any:
        monkeypatch.setattr(harness.jobs, "get_many", throttled)
        return first_read(job_ids)

    for number in range(8):
        monkeypatch.setattr(harness.jobs, "get_many", throttle_the_second)
        (answer,) = harness.leasing.lease("w", "r", [ChunkRef(harness.id, 0)])
        assert isinstance(answer, ChunkFailed), number
        harness.clock.advance(LENGTH)
    monkeypatch.undo()

    assert isinstance(harness.lease(request="r"), LeaseGranted)
    assert (harness.row().crashes, harness.row().lapses) == (0, 0)


def test_grant_after_one_lapse_is_isolated(harness: ServiceHarness) -> None:
    harness.start()

    first = harness.crash()
    second = harness.granted()

    assert (first.chunk.isolated, second.chunk.isolated) == (False, True)


def test_crash_counts_only_in_a_row_and_of_the_same_task(harness: ServiceHarness) -> None:
    harness.start(2, chunk_size=2)

    harness.crash(task=0)
    harness.crash(task=0)
    harness.crash(task=1)

    assert harness.granted().chunk.statuses == "RR"
    assert (harness.row().crashed, harness.row().crashes) == (1, 1)


def test_third_crash_fails_the_task_that_was_named(harness: ServiceHarness) -> None:
    harness.start(2, chunk_size=2)

    for _ in range(3):
        harness.crash(task=1)

    grant = harness.granted()
    assert grant.chunk.statuses == "RF"
    assert grant.chunk.isolated
    part = grant.chunk.part_of(1)
    assert part is not None
    (outcome,) = harness.chunks.parts([part])[part]
    assert outcome.error is not None
    assert outcome.error.type == WORKER_DIED


def test_lapses_between_crashes_do_not_start_the_count_again(harness: ServiceHarness) -> None:
    harness.start()

    harness.crash(task=0)
    harness.crash()
    harness.crash(task=0)
    harness.crash()
    harness.crash(task=0)

    assert harness.lease() == LeaseRefused("done")
    assert harness.job.status is JobStatus.FAILED


def test_task_that_kills_its_worker_at_once_fails_within_the_bound(harness: ServiceHarness) -> None:
    harness.start()
    grants = 0

    while harness.job.live:
        grants += 1
        answer = harness.lease()
        if isinstance(answer, LeaseGranted):
            if answer.chunk.isolated:
                harness.heartbeat(answer, 0)
            harness.clock.advance(LENGTH)

    assert grants == GRANTS_TO_FAIL
    assert harness.row().statuses == "F"


def test_lapses_in_a_row_hold_the_chunk_for_longer_and_longer(harness: ServiceHarness) -> None:
    harness.start()
    begins = []

    for _ in range(9):
        harness.crash()
        begins.append(harness.clock.now() - LENGTH)

    lapses = [end - begin - LENGTH for begin, end in pairwise(begins)]
    assert lapses == [0.0, 60.0, 120.0, 240.0, 480.0, LONGEST_PAUSE, LONGEST_PAUSE, LONGEST_PAUSE]


def test_hold_begins_with_the_second_lapse(harness: ServiceHarness) -> None:
    harness.start()

    harness.crash()
    second = harness.lease()
    harness.clock.advance(LENGTH)

    assert isinstance(second, LeaseGranted)
    assert harness.lease() == LeaseRefused(
        "held", LENGTH, "the last 2 leases of the chunk lapsed without acknowledgement"
    )


def test_acknowledgement_ends_the_hold(harness: ServiceHarness) -> None:
    harness.start()
    harness.crash()
    harness.crash()

    harness.crash(task=0)

    assert harness.row().lapses == 0
    assert isinstance(harness.lease(), LeaseGranted)


def test_report_that_names_no_task_isolates_and_fails_nothing(harness: ServiceHarness) -> None:
    harness.start(2, chunk_size=2)
    for number in range(5):
        lease = harness.granted()
        harness.report(lease, only=(), number=1, final=False)
        harness.clock.advance(LENGTH)
        assert lease.chunk.isolated == bool(number)

    assert harness.row().statuses == "RR"


def test_late_heartbeat_does_not_replace_the_task_that_was_named(harness: ServiceHarness) -> None:
    harness.start(2, chunk_size=2)
    lease = harness.granted()
    harness.heartbeat(lease, 0)
    harness.report(lease, only=(0,), final=False)
    harness.heartbeat(lease, 1)

    harness.heartbeat(lease, 0)
    harness.heartbeat(lease)

    assert harness.row().named == 1
