"""Values that a child writes into its shared memory, as its worker reads them."""

# ruff: noqa: SLF001 - writes numbers as only a hostile task does

import os
import time

import pytest

from shoal.worker.outcome import completed, failed, task_of
from shoal.worker.shared_memory import CAPACITY, SharedMemory, new_descriptor

POSITION, STARTED, USED = 0, 1, 2


@pytest.fixture
def memory() -> SharedMemory:
    descriptor = new_descriptor()
    found = SharedMemory(descriptor)
    os.close(descriptor)
    found.reset()
    return found


@pytest.mark.parametrize("position", [-1, 256, 2**62])
def test_position_outside_of_a_chunk_is_ignored(memory: SharedMemory, position: int) -> None:
    memory._numbers[POSITION] = position

    assert memory.current is None


@pytest.mark.parametrize("started", [float("nan"), float("inf"), -1e300, 1e300])
def test_start_that_cannot_be_is_now(memory: SharedMemory, started: float) -> None:
    memory.start_task(3, time.monotonic(), 0)
    memory._times[STARTED] = started

    current = memory.current

    assert current is not None
    assert 0.0 <= current[1] <= time.monotonic()


@pytest.mark.parametrize("fraction", [float("nan"), float("inf"), -0.5, 1.5])
def test_progress_outside_of_its_range_is_unknown(memory: SharedMemory, fraction: float) -> None:
    memory.set_progress(fraction)

    assert memory.progress is None


def test_used_bytes_are_limited_by_the_capacity(memory: SharedMemory) -> None:
    memory._numbers[USED] = 2**62

    assert memory.used == CAPACITY


def test_output_of_a_position_outside_of_a_chunk_has_an_owner(memory: SharedMemory) -> None:
    memory._numbers[POSITION] = 2**62

    owners = memory.output_owners(0, 10)

    assert [(first, end) for _, first, end in owners] == [(0, 10)]


STARTED_AT = b"2026-01-01T00:00:00.000Z"
GOOD = completed(7, 2, STARTED_AT, 0.5, b'{"a":1}')


def test_task_of_an_outcome_is_read() -> None:
    fast = failed(8, 1, STARTED_AT, 0.000001, kind="E", message="", tail=b"", retryable=True)

    assert task_of(GOOD) == (7, 2)
    assert task_of(fast) == (8, 1)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{}",
        GOOD[:-1],
        GOOD + b",",
        GOOD + b"," + GOOD,
        GOOD + b"]},{" + GOOD[1:],
        b" " + GOOD,
        GOOD.replace(b"0.500000", b"1.2.3"),
        GOOD.replace(b'"a":1', b'"a":'),
    ],
)
def test_anything_but_one_outcome_has_no_task(text: bytes) -> None:
    assert task_of(text) is None
