"""Tests of generations that run only some of the failed tasks, from reset to end."""

import pytest

from shoal.domain.chunk import Chunk
from shoal.domain.errors import IllegalMove
from shoal.domain.job import JobStatus
from shoal.domain.selection import Discard, Selection
from shoal.domain.tally import Entry, address
from tests.unit.service.service_harness import TENANT, ServiceHarness


def retried(harness: ServiceHarness, *indices: int) -> None:
    harness.job_control.retry(TENANT, harness.id, Selection.of_indices(indices))
    harness.begin()


def letters(harness: ServiceHarness) -> str:
    return "".join(row.statuses for row in harness.rows())


def test_only_chunks_with_a_chosen_task_are_sent(harness: ServiceHarness) -> None:
    harness.start(6, chunk_size=2)
    harness.drain(fails=lambda _: True)

    retried(harness, 3)

    assert harness.sent() == [1]
    assert letters(harness) == "FFFPFF"


def test_rows_tallies_and_the_closed_job_agree(harness: ServiceHarness) -> None:
    harness.start(6, chunk_size=2)
    harness.drain(fails=lambda index: index != 0)

    retried(harness, 3, 4)
    harness.drain()

    assert letters(harness) == "CFFCCF"
    assert harness.job.counts == harness.counted()
    tallies = {tally.number: tally.entries for tally in harness.jobs.tallies(harness.id, range(1))}
    for row in harness.rows():
        number, slot = address(row.number, harness.job.chunks)
        assert tallies[number][slot] == Entry.of(row)
    assert (harness.job.status, harness.job.reason) == (JobStatus.FAILED, "3 of 6 tasks failed")


def test_the_chosen_tasks_also_run_with_a_window(harness: ServiceHarness) -> None:
    harness.start(6, max_parallelism=2)
    harness.drain(fails=lambda _: True)

    retried(harness, 0, 5)
    most = harness.drain()

    assert letters(harness) == "CFFFFC"
    assert most <= 2


def test_earlier_failures_of_other_tasks_do_not_end_the_retry_early(
    harness: ServiceHarness,
) -> None:
    harness.start(4, max_failed=1)
    harness.drain(fails=lambda _: True)
    assert harness.job.status is JobStatus.FAILED

    retried(harness, 1, 2)
    harness.monitor()
    live = harness.job.live
    harness.drain()

    assert live
    assert letters(harness) == "FCCF"
    assert harness.job.status is JobStatus.FAILED


def test_a_retry_that_leaves_at_most_max_failed_failures_completes(
    harness: ServiceHarness,
) -> None:
    harness.start(4, max_failed=1)
    harness.drain(fails=lambda index: index < 3)

    retried(harness, 1, 2)
    harness.drain()

    assert (letters(harness), harness.job.status) == ("FCCC", JobStatus.COMPLETED)


def test_tasks_that_never_ran_are_cancelled_and_the_job_fails(
    harness: ServiceHarness,
) -> None:
    harness.start(3, max_failed=0)
    harness.report(harness.granted(0), failed=[0])
    harness.monitor()
    assert harness.job.status is JobStatus.FAILED

    retried(harness, 0)
    harness.drain()

    assert letters(harness) == "CXX"
    assert (harness.job.status, harness.job.reason) == (JobStatus.FAILED, "2 of 3 tasks never ran")


def test_a_retry_of_all_includes_tasks_that_an_earlier_retry_left_out(
    harness: ServiceHarness,
) -> None:
    harness.start(3, max_failed=0)
    harness.report(harness.granted(0), failed=[0])
    harness.monitor()
    retried(harness, 0)
    harness.drain()

    harness.job_control.retry(TENANT, harness.id)
    harness.begin()
    harness.drain()

    assert (letters(harness), harness.job.status) == ("CCC", JobStatus.COMPLETED)


def test_a_job_whose_failures_are_all_discarded_refuses_a_retry_of_all(
    harness: ServiceHarness,
) -> None:
    harness.start(2)
    harness.drain(fails=lambda _: True)
    harness.job_control.discard(TENANT, harness.id, Discard(Selection(), "no use", "ada", 1.0))

    with pytest.raises(IllegalMove, match="discarded"):
        harness.job_control.retry(TENANT, harness.id)

    assert harness.job.generation == 1


def test_a_task_that_failed_keeps_its_attempts() -> None:
    row = Chunk(
        job="job", number=0, first=0, generation=1, statuses="FF", attempts=(3, 2), version=7
    )

    fresh = row.reset(2, 9.0, again=[1])

    assert (fresh.statuses, fresh.attempts) == ("FP", (3, 0))
