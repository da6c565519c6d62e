from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from shoal.domain import sizing
from shoal.domain.chunk import runs_of

tasks = st.integers(1, sizing.MAX_TASKS)
batches = st.integers(1, sizing.MAX_CHUNK)
means = st.none() | st.floats(0.0, 1e9)


@given(tasks, means, batches)
def test_an_automatic_size_keeps_every_limit(count: int, mean: float | None, batch: int) -> None:
    size = sizing.automatic_size(count, mean, batch)

    assert 1 <= size <= sizing.MAX_CHUNK
    assert sizing.chunk_count(count, size) <= sizing.MAX_CHUNKS


@given(tasks)
def test_the_smallest_size_fits_and_one_less_does_not(count: int) -> None:
    size = sizing.smallest_size(count)

    assert sizing.chunk_count(count, size) <= sizing.MAX_CHUNKS
    assert size == 1 or sizing.chunk_count(count, size - 1) > sizing.MAX_CHUNKS


@given(tasks)
def test_without_a_mean_a_job_has_a_thousand_chunks_at_most_where_that_is_possible(
    count: int,
) -> None:
    size = sizing.automatic_size(count, None)

    assert size == sizing.MAX_CHUNK or sizing.chunk_count(count, size) <= 1_000


@given(st.floats(0.06, 15.0))
def test_with_a_mean_a_chunk_is_five_to_thirty_seconds_of_work(mean: float) -> None:
    size = sizing.automatic_size(10_000, mean)

    assert 5.0 <= size * mean <= 30.0


@given(tasks, batches)
def test_calls_that_take_a_batch_are_full_where_the_limit_of_chunks_lets_them(
    count: int, batch: int
) -> None:
    size = sizing.automatic_size(count, None, batch)

    assert size % batch == 0 or size == sizing.smallest_size(count)


@given(st.integers(0, sizing.MAX_CHUNKS))
def test_ranges_cover_every_chunk_once(chunks: int) -> None:
    ranges = [*sizing.ranges(chunks)]

    assert sum(count for _, count in ranges) == chunks
    assert [first for first, _ in ranges] == [*range(0, chunks, sizing.RANGE_CHUNKS)]
    assert all(0 < count <= sizing.RANGE_CHUNKS for _, count in ranges)


def test_the_longest_job_stays_within_one_history() -> None:
    assert len([*sizing.ranges(sizing.MAX_CHUNKS)]) * 2 * 7 < 20_000


@given(st.sets(st.integers(0, 300)))
def test_runs_hold_the_same_positions(offsets: set[int]) -> None:
    runs = runs_of(offsets)

    assert [i for first, end in runs for i in range(first, end)] == sorted(offsets)
    assert all(end < following for (_, end), (following, _) in pairwise(runs))
