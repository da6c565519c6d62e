"""Tests of jobs whose rows were lost: they end with a reason, and nothing hangs."""

from __future__ import annotations

import pytest

from shoal.domain.job import JobStatus
from shoal.service.reconciliation import PassState
from tests.unit.service.service_harness import TENANT, ServiceHarness

REASON = "the row of chunk 1 is missing; clone the job to run its tasks again"


def lose_row(harness: ServiceHarness, number: int) -> None:
    state = harness.chunks.snapshot()
    del state["_chunks"][harness.id, number]
    harness.chunks.restore(state)


def lose_tallies(harness: ServiceHarness) -> None:
    state = harness.jobs.snapshot()
    state["_tallies"].clear()
    state["_sums"].clear()
    harness.jobs.restore(state)


def test_a_retry_of_a_job_without_one_of_its_rows_fails_with_a_reason(
    harness: ServiceHarness,
) -> None:
    harness.start(3)
    harness.drain(fails=lambda _: True)
    lose_row(harness, 1)

    harness.job_control.retry(TENANT, harness.id)
    harness.begin()

    assert (harness.job.status, harness.job.reason) == (JobStatus.FAILED, REASON)


@pytest.mark.parametrize("ended", [(0, 2), (0, 1, 2)])
def test_an_open_job_without_one_of_its_rows_fails_with_a_reason(
    harness: ServiceHarness, ended: tuple[int, ...]
) -> None:
    harness.start(3)
    for number in ended:
        harness.report(harness.granted(number)) if number != 1 else harness.granted(1)
    lose_row(harness, 1)

    seen = PassState()
    for _ in range(3):
        seen = harness.monitor(seen).state

    assert (harness.job.status, harness.job.reason) == (JobStatus.FAILED, REASON)


def test_a_retry_of_a_job_without_its_tallies_completes(harness: ServiceHarness) -> None:
    harness.start(3)
    harness.drain(fails=lambda index: index == 1)
    lose_tallies(harness)

    harness.job_control.retry(TENANT, harness.id)
    harness.begin()
    harness.drain()

    assert harness.job.status is JobStatus.COMPLETED
    assert harness.job.counts == harness.counted()


def test_an_open_job_without_its_tallies_completes(harness: ServiceHarness) -> None:
    harness.start(3)
    harness.report(harness.granted(0))
    lose_tallies(harness)

    seen = PassState()
    for _ in range(3):
        seen = harness.monitor(seen).state
    harness.drain()

    assert harness.job.status is JobStatus.COMPLETED
