"""A generation that runs only some of the failed tasks, from its reset to its end."""

import pytest

from shoal.domain.chunk import Chunk
from shoal.domain.errors import IllegalMove
from shoal.domain.job import JobStatus
from shoal.domain.selection import Discard, Selection
from shoal.domain.tally import Entry, address
from tests.unit.service.shop import TENANT, Shop


def retried(shop: Shop, *indices: int) -> None:
    shop.job_control.retry(TENANT, shop.id, Selection.of_indices(indices))
    shop.begin()


def letters(shop: Shop) -> str:
    return "".join(row.statuses for row in shop.rows())


def test_only_chunks_with_a_chosen_task_are_sent(shop: Shop) -> None:
    shop.start(6, chunk_size=2)
    shop.drain(fails=lambda _: True)

    retried(shop, 3)

    assert shop.sent() == [1]
    assert letters(shop) == "FFFPFF"


def test_rows_tallies_and_the_closed_job_say_the_same(shop: Shop) -> None:
    shop.start(6, chunk_size=2)
    shop.drain(fails=lambda index: index != 0)

    retried(shop, 3, 4)
    shop.drain()

    assert letters(shop) == "CFFCCF"
    assert shop.job.counts == shop.counted()
    tallies = {tally.number: tally.entries for tally in shop.jobs.tallies(shop.id, range(1))}
    for row in shop.rows():
        number, slot = address(row.number, shop.job.chunks)
        assert tallies[number][slot] == Entry.of(row)
    assert (shop.job.status, shop.job.reason) == (JobStatus.FAILED, "3 of 6 tasks failed")


def test_with_a_window_the_chosen_tasks_run_too(shop: Shop) -> None:
    shop.start(6, max_parallelism=2)
    shop.drain(fails=lambda _: True)

    retried(shop, 0, 5)
    most = shop.drain()

    assert letters(shop) == "CFFFFC"
    assert most <= 2


def test_the_failures_of_others_do_not_end_the_retry_early(shop: Shop) -> None:
    shop.start(4, max_failed=1)
    shop.drain(fails=lambda _: True)
    assert shop.job.status is JobStatus.FAILED

    retried(shop, 1, 2)
    shop.monitor()
    live = shop.job.live
    shop.drain()

    assert live
    assert letters(shop) == "FCCF"
    assert shop.job.status is JobStatus.FAILED


def test_a_retry_that_leaves_no_more_failures_than_allowed_completes(shop: Shop) -> None:
    shop.start(4, max_failed=1)
    shop.drain(fails=lambda index: index < 3)

    retried(shop, 1, 2)
    shop.drain()

    assert (letters(shop), shop.job.status) == ("FCCC", JobStatus.COMPLETED)


def test_what_never_ran_is_cancelled_and_the_job_does_not_pass_for_completed(shop: Shop) -> None:
    shop.start(3, max_failed=0)
    shop.report(shop.granted(0), failed=[0])
    shop.monitor()
    assert shop.job.status is JobStatus.FAILED

    retried(shop, 0)
    shop.drain()

    assert letters(shop) == "CXX"
    assert (shop.job.status, shop.job.reason) == (JobStatus.FAILED, "2 of 3 tasks never ran")


def test_a_retry_of_all_takes_what_was_left_alone(shop: Shop) -> None:
    shop.start(3, max_failed=0)
    shop.report(shop.granted(0), failed=[0])
    shop.monitor()
    retried(shop, 0)
    shop.drain()

    shop.job_control.retry(TENANT, shop.id)
    shop.begin()
    shop.drain()

    assert (letters(shop), shop.job.status) == ("CCC", JobStatus.COMPLETED)


def test_a_job_whose_failures_are_all_discarded_is_not_retried_as_a_whole(shop: Shop) -> None:
    shop.start(2)
    shop.drain(fails=lambda _: True)
    shop.job_control.discard(TENANT, shop.id, Discard(Selection(), "no use", "ada", 1.0))

    with pytest.raises(IllegalMove, match="discarded"):
        shop.job_control.retry(TENANT, shop.id)

    assert shop.job.generation == 1


def test_a_task_that_failed_keeps_its_attempts() -> None:
    row = Chunk(
        job="job", number=0, first=0, generation=1, statuses="FF", attempts=(3, 2), version=7
    )

    fresh = row.reset(2, 9.0, expires_at=1, again=[1])

    assert (fresh.statuses, fresh.attempts) == ("FP", (3, 0))
