"""Tests of requests that would make the row of a job too large."""

from __future__ import annotations

from hashlib import sha512

import pytest

from shoal.domain.errors import InvalidRequest
from shoal.domain.grid import Grid
from shoal.domain.job import JobStatus, Spec
from shoal.domain.selection import Discard, Selection
from tests.unit.service.service_harness import TENANT, ServiceHarness

TOO_LARGE = r"are too large: they need [\d,]+ bytes together, of at most 340,000"


def test_a_submit_of_a_too_large_job_is_refused_and_counts_for_no_limit(
    harness: ServiceHarness,
) -> None:
    words = [sha512(str(number).encode()).hexdigest() for number in range(6_000)]
    spec = Spec(task_type="noop", source=Grid({"word": words}))

    with pytest.raises(InvalidRequest, match="too large"):
        harness.submission.submit(TENANT, spec, key=None, fingerprint="body")

    assert harness.jobs.open_of(TENANT) == (0, 0)


def test_discards_are_refused_before_they_fill_the_row_of_the_job(
    harness: ServiceHarness,
) -> None:
    harness.start(2)
    harness.drain(fails=lambda _: True)

    def discard(number: int) -> None:
        selection, at = Selection(f"{number:016x}"), harness.clock.now()
        reason = Discard(selection, "\U0001f680" * 500, "ann", at)
        harness.job_control.discard(TENANT, harness.id, reason)

    for number in range(50):
        discard(number)
    with pytest.raises(InvalidRequest, match=TOO_LARGE):
        [*map(discard, range(50, 100))]

    harness.job_control.retry(TENANT, harness.id)
    harness.begin()
    harness.drain()
    assert harness.job.status is JobStatus.COMPLETED
