"""Tests of changes to the priority or the window of a running job."""

from collections.abc import Iterable

import pytest

from shoal.domain.errors import IllegalMove
from shoal.domain.job import JobStatus, Priority
from shoal.domain.tally import Tally
from tests.unit.service.service_harness import TENANT, ServiceHarness


def change(harness: ServiceHarness, **changes: object) -> None:
    harness.job_control.change(TENANT, harness.id, changes)


def window(harness: ServiceHarness, width: int | None) -> None:
    change(harness, max_parallelism=width)


def test_a_window_that_grows_is_filled_at_once(harness: ServiceHarness) -> None:
    harness.start(10, max_parallelism=2)
    assert harness.sent() == [0, 1]

    window(harness, 5)

    assert harness.sent() == [2, 3, 4]
    window(harness, 5)
    assert harness.sent() == []


def test_a_window_that_grew_is_never_exceeded_and_ends_the_job(harness: ServiceHarness) -> None:
    harness.start(12, max_parallelism=2)
    harness.report(harness.granted(0))
    window(harness, 4)

    most = harness.drain()

    assert most == 4
    assert harness.job.status is JobStatus.COMPLETED


def test_a_window_that_shrinks_sends_no_chunk_until_it_has_room(harness: ServiceHarness) -> None:
    harness.start(8, max_parallelism=4)
    leases = [harness.granted(number) for number in harness.sent()]

    window(harness, 2)

    sent = []
    for lease in leases:
        harness.report(lease)
        sent.append(harness.sent())
    assert sent == [[], [], [4], [5]]
    assert harness.drain() == 0
    for number in (4, 5):
        harness.report(harness.granted(number))
    assert harness.drain() <= 2
    assert harness.job.status is JobStatus.COMPLETED


def test_a_repeated_report_sends_no_more_than_the_window_holds(harness: ServiceHarness) -> None:
    harness.start(8, max_parallelism=1)
    window(harness, 2)
    assert harness.sent() == [0, 1]
    lease = harness.granted(0)

    answers = [harness.report(lease) for _ in range(3)]

    assert answers == ["accepted"] * 3
    assert set(harness.sent()) == {2}


def test_removing_the_window_sends_all_chunks(harness: ServiceHarness) -> None:
    harness.start(6, max_parallelism=1)

    window(harness, None)

    assert harness.sent() == [0, 1, 2, 3, 4, 5]
    assert harness.job.spec.max_parallelism is None


def test_a_removed_window_can_be_set_again(harness: ServiceHarness) -> None:
    harness.start(6, max_parallelism=1)
    window(harness, None)
    window(harness, 2)
    harness.sent()

    for number in range(6):
        harness.report(harness.granted(number))

    assert harness.sent() == []
    assert harness.job.status is JobStatus.COMPLETED


def test_the_monitor_sends_the_chunks_that_a_request_could_not_send(
    harness: ServiceHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shoal.service.job_control.CLAIMED_PER_REQUEST", 2)
    harness.start(10, max_parallelism=1)
    harness.sent()
    window(harness, 8)
    assert harness.sent() == [1, 2]

    harness.monitor()

    assert harness.sent() == [3, 4, 5, 6, 7]


def test_a_window_changed_during_enqueuing_is_filled_afterwards(
    harness: ServiceHarness,
) -> None:
    harness.submit(6, max_parallelism=1)
    window(harness, 3)
    assert harness.sent() == []

    harness.begin()

    assert harness.sent() == [0, 1, 2]


def test_a_paused_job_is_filled_when_it_is_resumed(harness: ServiceHarness) -> None:
    harness.start(6, max_parallelism=1)
    harness.job_control.pause(TENANT, harness.id)
    harness.sent()
    window(harness, 3)
    assert harness.sent() == []

    harness.job_control.resume(TENANT, harness.id)
    harness.monitor()

    assert sorted(set(harness.sent())) == [0, 1, 2]


def test_a_retry_starts_with_the_current_window(harness: ServiceHarness) -> None:
    harness.start(6, max_parallelism=1)
    window(harness, 3)
    harness.drain(fails=lambda _: True)

    harness.job_control.retry(TENANT, harness.id)
    harness.begin()

    assert (harness.job.window, harness.job.opening) == (None, 3)
    assert harness.sent() == [0, 1, 2]


def test_chunks_that_completed_earlier_take_no_room_in_a_later_generation(
    harness: ServiceHarness,
) -> None:
    harness.start(8, max_parallelism=2)
    harness.drain(fails=lambda index: index in {5, 6, 7})
    harness.job_control.retry(TENANT, harness.id)
    harness.begin()
    window(harness, 1)

    most = harness.drain()

    assert most <= 2
    assert harness.job.status is JobStatus.COMPLETED


def test_a_window_cannot_be_added_to_a_job_without_one(harness: ServiceHarness) -> None:
    harness.start(3)

    with pytest.raises(IllegalMove, match="without max_parallelism"):
        window(harness, 2)
    window(harness, None)

    assert harness.job.window is None


def test_later_messages_go_to_the_queue_of_the_new_priority(harness: ServiceHarness) -> None:
    harness.start(3, max_parallelism=1)
    change(harness, priority=Priority.HIGH)
    before = harness.queue.depths()

    harness.report(harness.granted(0))

    depths = harness.queue.depths()
    assert (before[Priority.NORMAL].waiting, before[Priority.HIGH].waiting) == (1, 0)
    assert (depths[Priority.NORMAL].waiting, depths[Priority.HIGH].waiting) == (1, 1)


def test_a_job_that_is_ending_or_has_ended_cannot_be_changed(harness: ServiceHarness) -> None:
    harness.start(1)
    harness.job_control.cancel(TENANT, harness.id)
    with pytest.raises(IllegalMove):
        change(harness, priority=Priority.HIGH)
    harness.monitor()

    with pytest.raises(IllegalMove):
        change(harness, priority=Priority.HIGH)


def test_a_change_to_the_current_values_writes_nothing(harness: ServiceHarness) -> None:
    harness.start(3, max_parallelism=2)
    before = harness.job

    change(harness, max_parallelism=2, priority=Priority.NORMAL)

    assert harness.job == before


def test_a_dead_letter_of_a_chunk_that_ended_sends_no_more_than_the_window_holds(
    harness: ServiceHarness,
) -> None:
    harness.start(4, max_parallelism=1)
    window(harness, 2)
    harness.report(harness.granted(0))
    before = harness.sent()

    harness.recovery.dead_letter(harness.id, 0)

    assert (before, harness.sent()) == ([0, 1, 2], [2])


def test_reports_read_no_tallies_once_all_chunks_are_sent(
    harness: ServiceHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness.start(3, max_parallelism=1)
    window(harness, 3)
    leases = [harness.granted(number) for number in harness.sent()]
    reads: list[str] = []
    tallies = harness.jobs.tallies

    def counted(job_id: str, numbers: Iterable[int]) -> list[Tally]:
        reads.append(job_id)
        return tallies(job_id, numbers)

    monkeypatch.setattr(harness.jobs, "tallies", counted)
    harness.report(leases[0])

    assert not reads
