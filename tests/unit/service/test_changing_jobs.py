"""A job whose priority or window is changed while it runs."""

from collections.abc import Iterable

import pytest

from shoal.domain.errors import IllegalMove
from shoal.domain.job import JobStatus, Priority
from shoal.domain.tally import Tally
from tests.unit.service.shop import TENANT, Shop


def change(shop: Shop, **changes: object) -> None:
    shop.job_control.change(TENANT, shop.id, changes)


def window(shop: Shop, width: int | None) -> None:
    change(shop, max_parallelism=width)


def test_a_window_that_grows_sends_what_it_has_room_for_at_once(shop: Shop) -> None:
    shop.start(10, max_parallelism=2)
    assert shop.sent() == [0, 1]

    window(shop, 5)

    assert shop.sent() == [2, 3, 4]
    window(shop, 5)
    assert shop.sent() == []


def test_a_window_that_grew_is_never_exceeded_and_ends_the_job(shop: Shop) -> None:
    shop.start(12, max_parallelism=2)
    shop.report(shop.granted(0))
    window(shop, 4)

    most = shop.drain()

    assert most == 4
    assert shop.job.status is JobStatus.COMPLETED


def test_a_window_that_shrinks_sends_nothing_until_less_is_out(shop: Shop) -> None:
    shop.start(8, max_parallelism=4)
    leases = [shop.granted(number) for number in shop.sent()]

    window(shop, 2)

    sent = []
    for lease in leases:
        shop.report(lease)
        sent.append(shop.sent())
    assert sent == [[], [], [4], [5]]
    assert shop.drain() == 0
    for number in (4, 5):
        shop.report(shop.granted(number))
    assert shop.drain() <= 2
    assert shop.job.status is JobStatus.COMPLETED


def test_a_repeated_report_sends_no_more_than_the_window_holds(shop: Shop) -> None:
    shop.start(8, max_parallelism=1)
    window(shop, 2)
    assert shop.sent() == [0, 1]
    lease = shop.granted(0)

    answers = [shop.report(lease) for _ in range(3)]

    assert answers == ["accepted"] * 3
    assert shop.sent() == [2]


def test_a_window_that_is_taken_away_lets_everything_out(shop: Shop) -> None:
    shop.start(6, max_parallelism=1)

    window(shop, None)

    assert shop.sent() == [0, 1, 2, 3, 4, 5]
    assert shop.job.spec.max_parallelism is None


def test_a_window_that_was_taken_away_can_be_set_again(shop: Shop) -> None:
    shop.start(6, max_parallelism=1)
    window(shop, None)
    window(shop, 2)
    shop.sent()

    for number in range(6):
        shop.report(shop.granted(number))

    assert shop.sent() == []
    assert shop.job.status is JobStatus.COMPLETED


def test_what_a_request_could_not_send_the_monitor_does(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shoal.service.job_control.SENT_AT_ONCE", 2)
    shop.start(10, max_parallelism=1)
    shop.sent()
    window(shop, 8)
    assert shop.sent() == [1, 2]

    shop.monitor()

    assert shop.sent() == [3, 4, 5, 6, 7]


def test_a_window_changed_before_the_messages_are_out_is_filled_once_they_are(shop: Shop) -> None:
    shop.submit(6, max_parallelism=1)
    window(shop, 3)
    assert shop.sent() == []

    shop.begin()

    assert shop.sent() == [0, 1, 2]


def test_a_paused_job_is_filled_when_it_is_resumed(shop: Shop) -> None:
    shop.start(6, max_parallelism=1)
    shop.job_control.pause(TENANT, shop.id)
    shop.sent()
    window(shop, 3)
    assert shop.sent() == []

    shop.job_control.resume(TENANT, shop.id)
    shop.monitor()

    assert sorted(set(shop.sent())) == [0, 1, 2]


def test_a_retry_opens_with_the_window_as_it_is_now(shop: Shop) -> None:
    shop.start(6, max_parallelism=1)
    window(shop, 3)
    shop.drain(fails=lambda _: True)

    shop.job_control.retry(TENANT, shop.id)
    shop.begin()

    assert (shop.job.window, shop.job.opening) == (None, 3)
    assert shop.sent() == [0, 1, 2]


def test_in_a_later_generation_chunks_that_had_completed_take_no_room(shop: Shop) -> None:
    shop.start(8, max_parallelism=2)
    shop.drain(fails=lambda index: index in {5, 6, 7})
    shop.job_control.retry(TENANT, shop.id)
    shop.begin()
    window(shop, 1)

    most = shop.drain()

    assert most <= 2
    assert shop.job.status is JobStatus.COMPLETED


def test_a_job_without_a_window_cannot_be_given_one(shop: Shop) -> None:
    shop.start(3)

    with pytest.raises(IllegalMove, match="without max_parallelism"):
        window(shop, 2)
    window(shop, None)

    assert shop.job.window is None


def test_messages_go_to_the_queue_of_the_new_priority_from_then_on(shop: Shop) -> None:
    shop.start(3, max_parallelism=1)
    change(shop, priority=Priority.HIGH)
    before = shop.queue.depths()

    shop.report(shop.granted(0))

    depths = shop.queue.depths()
    assert (before[Priority.NORMAL].waiting, before[Priority.HIGH].waiting) == (1, 0)
    assert (depths[Priority.NORMAL].waiting, depths[Priority.HIGH].waiting) == (1, 1)


def test_a_job_that_is_ending_or_has_ended_stays_as_it_is(shop: Shop) -> None:
    shop.start(1)
    shop.job_control.cancel(TENANT, shop.id)
    with pytest.raises(IllegalMove):
        change(shop, priority=Priority.HIGH)
    shop.monitor()

    with pytest.raises(IllegalMove):
        change(shop, priority=Priority.HIGH)


def test_a_change_to_what_it_is_already_writes_nothing(shop: Shop) -> None:
    shop.start(3, max_parallelism=2)
    before = shop.job

    change(shop, max_parallelism=2, priority=Priority.NORMAL)

    assert shop.job == before


def test_a_dead_letter_of_a_chunk_that_ended_fills_a_changed_window(shop: Shop) -> None:
    shop.start(4, max_parallelism=1)
    window(shop, 2)
    shop.report(shop.granted(0))
    before = shop.sent()

    shop.recovery.dead_letter(shop.id, 0)

    assert (before, shop.sent()) == ([0, 1, 2], [])


def test_once_all_is_out_no_report_reads_tallies_to_fill_the_window(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.start(3, max_parallelism=1)
    window(shop, 3)
    leases = [shop.granted(number) for number in shop.sent()]
    reads: list[str] = []
    tallies = shop.jobs.tallies

    def counted(job_id: str, numbers: Iterable[int]) -> list[Tally]:
        reads.append(job_id)
        return tallies(job_id, numbers)

    monkeypatch.setattr(shop.jobs, "tallies", counted)
    shop.report(leases[0])

    assert not reads
