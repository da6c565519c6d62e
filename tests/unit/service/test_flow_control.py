"""Windows and lost messages under faults: every job ends, and the bound holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import pytest

from shoal.domain.chunk import Chunk
from shoal.domain.errors import Unavailable, WriteConflict
from shoal.domain.job import Job, JobStatus, Priority
from shoal.domain.selection import Selection
from shoal.domain.window import Window
from shoal.ports.queues import Message
from shoal.service import flow_control, reconciliation
from shoal.service.reconciliation import PassState
from tests.unit.service.service_harness import LENGTH, TENANT, ServiceHarness

DAY_OF_PASSES = 24 * 60
BOUND = (reconciliation.RESEND_LEASES + 1) * LENGTH + 2 * LENGTH
"""How late a lost message is sent again at most: six leases and two waits."""


@contextmanager
def throttled(harness: ServiceHarness) -> Iterator[None]:
    """Make the queue refuse every message."""

    def refuse(_priority: Priority, messages: Iterable[Message], *, tenant: str) -> None:
        raise Unavailable(f"the queue rejected {len(list(messages))} messages of {tenant}")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(harness.queue, "send", refuse)
        with pytest.raises(Unavailable):
            yield


def pass_over(harness: ServiceHarness, seen: PassState) -> PassState:
    """Run a pass of the monitor; the next one is a lease later."""
    state = harness.monitor(seen).state
    harness.clock.advance(LENGTH)
    return state


def work(harness: ServiceHarness, *, passes: int) -> None:
    """Drain the queue and run passes of the monitor, until the job ends."""
    seen = PassState()
    for _ in range(passes):
        harness.drain()
        if not harness.job.live:
            return
        seen = pass_over(harness, seen)


# Jobs that never ended


def test_retry_that_is_paused_before_its_messages_are_sent_ends_after_the_resume(
    harness: ServiceHarness,
) -> None:
    harness.start(6, max_parallelism=2)
    harness.drain(fails=lambda index: index == 5)
    harness.job_control.retry(TENANT, harness.id)
    harness.job_control.pause(TENANT, harness.id)
    harness.begin()
    harness.clock.advance(LENGTH)
    harness.job_control.resume(TENANT, harness.id)

    work(harness, passes=DAY_OF_PASSES)

    assert harness.job.status is JobStatus.COMPLETED


@pytest.mark.parametrize("again", [None, Selection(runs=((0, 1), (3, 4)))])
def test_repeated_report_passes_a_successor_that_ended_in_an_earlier_generation(
    harness: ServiceHarness, again: Selection | None
) -> None:
    failing = {0, 3} if again is None else {0, 1, 3}
    harness.start(4, max_parallelism=1)
    harness.drain(fails=lambda index: index in failing)
    harness.job_control.retry(TENANT, harness.id, again)
    harness.begin()
    harness.sent()
    lease = harness.granted(0)

    with throttled(harness):
        harness.report(lease)
    harness.report(lease)
    harness.drain()

    assert harness.row(3).statuses == "C"
    assert not harness.job.live


def test_repeated_report_sends_a_chunk_with_failures_that_a_retry_left_out(
    harness: ServiceHarness,
) -> None:
    harness.start(4, chunk_size=2, max_parallelism=1)
    harness.drain(fails=lambda _: True)
    harness.job_control.retry(TENANT, harness.id, Selection(runs=((0, 1), (3, 4))))
    harness.begin()
    harness.sent()
    lease = harness.granted(0)

    with throttled(harness):
        harness.report(lease)
    harness.report(lease)

    assert harness.sent() == [1]


def test_repeated_report_sends_no_message_for_a_chunk_that_a_worker_received(
    harness: ServiceHarness,
) -> None:
    harness.start(3, max_parallelism=1)
    first = harness.granted(0)
    harness.report(first)
    second = harness.granted(1)
    harness.sent()

    harness.report(first)
    while_it_runs = harness.sent()
    harness.report(second)
    harness.sent()
    harness.report(first)

    assert (while_it_runs, harness.sent()) == ([], [])


def test_retry_passes_chunks_that_completed_earlier_many_at_a_time(
    harness: ServiceHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness.start(1_000, max_parallelism=2)
    harness.drain(fails=lambda index: index in {0, 1, 999})
    harness.job_control.retry(TENANT, harness.id)
    writes, note = list[int](), harness.windows.note

    def counted(job: Job, chunks: Sequence[Chunk], before: Window | None, after: Window) -> None:
        writes.append(len(chunks))
        note(job, chunks, before, after)

    monkeypatch.setattr(harness.windows, "note", counted)
    harness.begin()

    assert harness.sent() == [0, 1]
    assert harness.windows.get(harness.job) == Window(999, 997, 2)
    assert max(writes) == flow_control.WRITTEN_AT_ONCE
    assert len(writes) == 20
    harness.report(harness.granted(0))
    assert harness.sent() == [999]


def test_retry_with_a_narrower_window_passes_completed_chunks_only_when_it_has_room(
    harness: ServiceHarness,
) -> None:
    harness.start(9, max_parallelism=3)
    harness.drain(fails=lambda index: index in {0, 1, 2, 8})
    harness.job_control.retry(TENANT, harness.id)
    harness.begin()
    leases = [harness.granted(number) for number in harness.sent()]
    assert len(leases) == 3

    harness.job_control.change(TENANT, harness.id, {"max_parallelism": 1})
    harness.monitor()
    for lease in leases:
        harness.report(lease)
        harness.monitor()

    assert set(harness.sent()) == {8}
    assert harness.drain() == 0
    harness.report(harness.granted(8))
    assert harness.job.status is JobStatus.COMPLETED


def test_monitor_of_an_earlier_generation_notes_no_row_of_a_later_one(
    harness: ServiceHarness,
) -> None:
    harness.start(6, max_parallelism=2)
    harness.drain(fails=lambda index: index > 1)
    old, tallies = harness.job, harness.jobs.tallies(harness.id, range(1))
    old = replace(old, status=JobStatus.RUNNING, generation=1)
    harness.windows.restore({"_windows": {(harness.id, 1): Window(4, 0, 2)}})
    harness.job_control.retry(TENANT, harness.id)
    harness.planning.create(harness.id, 2, 0, 6)
    before = harness.rows()

    harness.flow_control.catch_up(old, tallies)

    assert harness.rows() == before


# The bound


def test_function_that_dies_between_any_two_writes_does_not_exceed_the_window(
    harness: ServiceHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness.start(6, max_parallelism=1)
    lease = harness.granted(*harness.sent())
    note = harness.windows.note

    def die(job: Job, chunks: Sequence[Chunk], before: Window | None, after: Window) -> None:
        note(job, chunks, before, after)
        monkeypatch.undo()
        raise Unavailable("the function died")

    monkeypatch.setattr(harness.windows, "note", die)
    with pytest.raises(Unavailable):
        harness.report(lease)
    harness.report(lease)
    running = harness.granted(*harness.sent())
    seen = PassState()
    for _ in range(20):
        harness.heartbeat(running)
        seen = pass_over(harness, seen)

    assert running.chunk.number == 1
    assert harness.sent() == []


def test_chunk_that_was_run_by_hand_makes_no_room_before_it_is_claimed(
    harness: ServiceHarness,
) -> None:
    harness.start(6, max_parallelism=1)
    running = harness.granted(*harness.sent())
    harness.report(harness.granted(3))

    before = harness.sent()
    harness.monitor()
    during = harness.sent()
    harness.report(running)

    assert (before, during, harness.sent()) == ([], [], [1])
    assert harness.drain() == 0
    harness.report(harness.granted(1))
    assert harness.drain() == 1
    assert harness.job.status is JobStatus.COMPLETED


def test_narrowed_window_is_exact_although_the_change_dies_before_it_fills(
    harness: ServiceHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness.start(8, max_parallelism=3)
    leases = [harness.granted(number) for number in harness.sent()]
    monkeypatch.setattr(flow_control.FlowControl, "fill", lambda *_args, **_kwargs: None)

    harness.job_control.change(TENANT, harness.id, {"max_parallelism": 1})
    sent = []
    for lease in leases:
        harness.report(lease)
        sent.append(harness.sent())

    assert sent == [[], [], [3]]


# Throttled queues


def test_chunks_claimed_while_the_queue_is_throttled_are_sent_by_the_next_pass(
    harness: ServiceHarness,
) -> None:
    harness.start(1_000, max_parallelism=1)
    harness.granted(*harness.sent())
    seen = pass_over(harness, PassState())

    with throttled(harness):
        harness.job_control.change(TENANT, harness.id, {"max_parallelism": 400})
    harness.monitor(seen)

    assert sorted(harness.sent()) == list(range(1, 400))


def test_repeated_change_sends_the_chunks_that_the_first_request_claimed(
    harness: ServiceHarness,
) -> None:
    harness.start(9, max_parallelism=1)
    harness.sent()

    with throttled(harness):
        harness.job_control.change(TENANT, harness.id, {"max_parallelism": 4})
    harness.job_control.change(TENANT, harness.id, {"max_parallelism": 4})

    assert harness.sent() == [1, 2, 3]


def test_chunks_that_end_meanwhile_multiply_no_messages_of_a_claim(
    harness: ServiceHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness.start(30, max_parallelism=5)
    leases = [harness.granted(number) for number in harness.sent()]
    get_many = harness.chunks.get_many

    def end_a_chunk(job_id: str, numbers: Sequence[int]) -> list[Chunk]:
        if leases:
            harness.report(leases.pop())
        return get_many(job_id, numbers)

    monkeypatch.setattr(harness.chunks, "get_many", end_a_chunk)
    harness.job_control.change(TENANT, harness.id, {"max_parallelism": 9})

    sent = harness.sent()
    assert len(sent) == len(set(sent))


# Lost messages


@pytest.mark.parametrize("width", [None, 3])
def test_lost_message_is_sent_again_although_other_chunks_progress(
    harness: ServiceHarness, width: int | None
) -> None:
    harness.start(90, max_parallelism=width)
    waiting, seen = harness.sent(), PassState()
    lost, began = waiting.pop(1), harness.clock.now()

    sent = list[int]()
    while lost not in sent and waiting:  # one chunk ends a minute
        harness.report(harness.granted(waiting.pop(0)))
        seen = pass_over(harness, seen)
        sent = harness.sent()
        waiting += [number for number in sent if number not in waiting]

    assert lost in sent
    assert harness.clock.now() - began <= BOUND


def test_lost_message_among_many_chunks_is_sent_again_within_the_bound(
    harness: ServiceHarness,
) -> None:
    harness.start(1_000)
    waiting, seen = harness.sent(), PassState()
    lost, began = waiting.pop(950), harness.clock.now()

    sent = list[int]()
    while lost not in sent:
        harness.report(harness.granted(waiting.pop(0)))
        seen = pass_over(harness, seen)
        sent = harness.sent()

    assert harness.clock.now() - began <= BOUND + 10 * LENGTH


def test_pass_over_a_job_that_progresses_reads_few_rows(
    harness: ServiceHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness.start(2_000)
    leases = [harness.granted(number) for number in harness.sent()[:30]]
    seen, read, get_many = PassState(), list[int](), harness.chunks.get_many

    def counted(job_id: str, numbers: Sequence[int]) -> list[Chunk]:
        read[-1] += len(numbers)
        return get_many(job_id, numbers)

    monkeypatch.setattr(harness.chunks, "get_many", counted)
    for lease in leases:
        read.append(0)
        harness.report(lease)
        seen = pass_over(harness, seen)

    assert read[: reconciliation.RESEND_LEASES] == [0] * reconciliation.RESEND_LEASES
    assert max(read) == reconciliation.EXAMINED_AT_ONCE


def test_passes_without_progress_examine_all_chunks_only_at_powers_of_two(
    harness: ServiceHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness.start(1_000)
    harness.sent()
    seen, wide, get_many = PassState(), list[int](), harness.chunks.get_many
    read = [0]

    def counted(job_id: str, numbers: Sequence[int]) -> list[Chunk]:
        read[0] += len(numbers)
        return get_many(job_id, numbers)

    monkeypatch.setattr(harness.chunks, "get_many", counted)
    for _ in range(40):
        read[0] = 0
        seen = pass_over(harness, seen)
        if read[0] > reconciliation.EXAMINED_AT_ONCE:
            wide.append(seen.quiet)

    assert wide == [1, 2, 4, 8, 16, 32]


def test_wiped_queue_is_filled_again_once_nothing_moves(harness: ServiceHarness) -> None:
    harness.start(1_000)
    harness.sent()
    seen, sent = PassState(), set[int]()
    for _ in range(10):
        seen = pass_over(harness, seen)
        sent |= {*harness.sent()}

    assert sent == {*range(1_000)}


def test_execution_that_takes_over_searches_at_once_for_lost_messages(
    harness: ServiceHarness,
) -> None:
    harness.start(3)
    harness.sent()
    harness.clock.advance(BOUND)

    harness.monitor(PassState())

    assert harness.sent() == [0, 1, 2]


# Writes that are done and read as lost, because the SDK repeated them


def test_end_whose_note_reads_as_lost_sends_the_next_chunk(
    harness: ServiceHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness.start(6, max_parallelism=1)
    lease = harness.granted(*harness.sent())
    note = harness.windows.note

    def refuse_after_write(
        job: Job, chunks: Sequence[Chunk], before: Window | None, after: Window
    ) -> None:
        note(job, chunks, before, after)
        raise WriteConflict(job.id)

    monkeypatch.setattr(harness.windows, "note", refuse_after_write)
    harness.report(lease)

    assert harness.sent() == [1]


def test_close_that_reads_as_lost_wakes_the_execution_and_is_counted(
    harness: ServiceHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness.start()
    lease = harness.granted()
    harness.reconciliation.wait(harness.id, 1, "token")
    put = harness.jobs.put

    def refuse_after_write(job: Job) -> None:
        put(job)
        raise WriteConflict(job.id)

    monkeypatch.setattr(harness.jobs, "put", refuse_after_write)
    harness.report(lease)

    assert harness.job.status is JobStatus.COMPLETED
    assert harness.workflow.answered("token")
    assert harness.metrics.closed == {(harness.id, 1): JobStatus.COMPLETED}


def test_claim_that_reads_as_lost_is_sent_once(
    harness: ServiceHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness.start(9, max_parallelism=1)
    harness.sent()
    put = harness.windows.put

    def refuse_after_write(job: Job, before: Window | None, after: Window) -> None:
        put(job, before, after)
        raise WriteConflict(job.id)

    monkeypatch.setattr(harness.windows, "put", refuse_after_write)
    harness.job_control.change(TENANT, harness.id, {"max_parallelism": 4})

    assert harness.sent() == [1, 2, 3]


# Rows of earlier releases


def test_monitor_counts_the_ends_of_a_window_of_an_earlier_release(
    harness: ServiceHarness,
) -> None:
    harness.start(9, max_parallelism=2)
    for _ in range(3):
        harness.report(harness.granted(harness.sent()[0]))
    window = harness.windows.get(harness.job)
    assert window is not None
    harness.windows.restore(
        {"_windows": {(harness.id, 1): replace(window, back=None)}}  # a row with `n` alone
    )

    harness.monitor()

    assert harness.windows.get(harness.job) == window == Window(5, 3, 2)


def test_monitor_counts_ends_that_an_earlier_release_did_not_note(
    harness: ServiceHarness,
) -> None:
    harness.start(9, max_parallelism=3)
    leases = [harness.granted(number) for number in harness.sent()]
    harness.job_control.change(TENANT, harness.id, {"max_parallelism": 1})
    for lease in leases[:2]:
        harness.report(lease)
    rows = {
        (row.job, row.number): replace(row, successor=None) if row.finished else row
        for row in harness.rows()
    }
    harness.chunks.restore({"_chunks": rows})
    harness.windows.restore({"_windows": {(harness.id, 1): Window(3, None, 1)}})

    harness.monitor()
    harness.report(leases[2])

    assert harness.sent() == [3]
    assert harness.windows.get(harness.job) == Window(4, 3, 1)
