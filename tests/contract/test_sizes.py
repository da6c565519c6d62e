"""Rows are billed by the started kilobyte, so the common ones stay under one.

Sizes as DynamoDB counts them: names and strings in UTF-8, a number 1 byte and 1 for each two
digits, a list 3 and 1 for each element.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from shoal.adapters.rows.chunks import chunk_row
from shoal.adapters.rows.jobs import job_row
from shoal.adapters.rows.origins import origin_attributes
from shoal.adapters.rows.parts import pack_part
from shoal.adapters.rows.tallies import tally_row
from shoal.domain.chunk import Accepted, Chunk, CurrentTask, Granted, Span
from shoal.domain.counts import Counts
from shoal.domain.outcome import Origin, Outcome, PartKey, TaskError
from shoal.domain.retry import RetryPolicy
from shoal.domain.tally import Entry, Tally
from tests.contract.examples import (
    EXPIRES_AT,
    NOW,
    a_chunk,
    a_job,
    an_entry,
    fresh_id,
    plain_outcomes,
)

KILOBYTE = 1_024
WORKER = "shoal-worker-7d9f8b6c5d-x2k4q-1"
REQUEST = "0123456789abcdef0123456789abcdef"


def size(row: Mapping[str, Any]) -> int:
    return sum(len(name) + value_size(value) for name, value in row.items())


def value_size(value: Mapping[str, Any]) -> int:
    ((kind, inner),) = value.items()
    match kind:
        case "S":
            return len(inner.encode())
        case "N":
            return len(inner.replace(".", "").strip("0")) // 2 + 2
        case "B":
            return len(inner)
        case "SS":
            return sum(len(each.encode()) for each in inner)
        case "L":
            return 3 + sum(1 + value_size(each) for each in inner)
        case _:
            return 1


def fresh(tasks: int) -> Chunk:
    chunk = a_chunk(fresh_id(), 9_999, size=tasks)
    return replace(chunk, expires_at=EXPIRES_AT, span=Span(123_456_789, 64_000))


def running(tasks: int) -> Chunk:
    grant = fresh(tasks).grant(WORKER, REQUEST, NOW, 60.0)
    assert isinstance(grant, Granted)
    return replace(grant.chunk, current_task=CurrentTask(grant.chunk.first + 12, 0.123456))


def reported(chunk: Chunk, number: int, outcomes: list[Outcome], *, final: bool) -> Chunk:
    accepted = chunk.report(
        epoch=chunk.epoch,
        number=number,
        final=final,
        outcomes=outcomes,
        policy=RetryPolicy(),
        jitter=0.5,
        now=NOW,
        length=60.0,
    )
    assert isinstance(accepted, Accepted)
    return accepted.chunk


def of_chunk(chunk: Chunk, first: int, end: int) -> list[Outcome]:
    error = TaskError("ValueError", "no", retryable=True)
    return [
        Outcome(chunk.first + offset, 1, NOW, 1.0, error=None if offset % 20 else error)
        for offset in range(first, end)
    ]


@pytest.mark.parametrize("tasks", [1, 100, 256])
def test_a_chunks_row_stays_small_all_its_life(tasks: int) -> None:
    leased = running(tasks)
    half = reported(leased, 1, of_chunk(leased, 0, tasks // 2), final=False)
    done = reported(half, 2, of_chunk(half, tasks // 2, tasks), final=True)

    sizes = [size(chunk_row(chunk)) for chunk in (fresh(tasks), leased, half, done)]

    assert done.finished
    assert max(sizes) < KILOBYTE // 2


def test_a_chunk_of_flaky_tasks_stays_under_a_kilobyte() -> None:
    attempts = tuple(1 + (n * 7 % 3) for n in range(100))
    chunk = replace(running(100), statuses="CFCTR" * 20, attempts=attempts)

    assert size(chunk_row(chunk)) < KILOBYTE


def part_size(outcomes: list[Outcome]) -> int:
    row = {"id": {"S": str(PartKey(fresh_id(), 9_999, 1, 1))}, "o": {"B": pack_part(outcomes)}}
    return size(
        {**row, **origin_attributes(Origin(WORKER, 12)), "expires_at": {"N": str(EXPIRES_AT)}}
    )


def test_a_part_of_a_hundred_plain_outcomes_stays_under_a_kilobyte() -> None:
    assert part_size(plain_outcomes(100)) < KILOBYTE


def test_a_result_that_repeats_is_stored_once() -> None:
    blob = "".join(str(pow(3, n, 2**61 - 1)) for n in range(200))
    outcomes = [replace(outcome, result={"blob": blob}) for outcome in plain_outcomes(100)]

    assert part_size(outcomes) < part_size(plain_outcomes(100)) + len(blob)


def test_a_finished_tally_of_64_chunks_stays_under_a_kilobyte() -> None:
    entries = {slot: an_entry(3) for slot in range(64)}

    assert size(tally_row(Tally(fresh_id(), 1_023, entries), EXPIRES_AT)) < KILOBYTE


def test_a_tally_with_failures_and_many_versions_stays_under_a_kilobyte() -> None:
    entries = {slot: Entry(2, 17, Counts(completed=98, failed=2)) for slot in range(64)}

    assert size(tally_row(Tally(fresh_id(), 1_023, entries), EXPIRES_AT)) < KILOBYTE


def test_a_jobs_row_stays_under_a_kilobyte() -> None:
    job = a_job().plan(1_000_000, 100).enqueue(NOW).start(NOW)

    assert size(job_row(job)) < KILOBYTE
