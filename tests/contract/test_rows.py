"""Packed rows are unpacked unchanged."""

import json
from dataclasses import replace
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.adapters.rows.attributes import number, row_size, text
from shoal.adapters.rows.chunks import chunk_of, chunk_row
from shoal.adapters.rows.jobs import job_of, job_row
from shoal.adapters.rows.parts import pack_part, unpack_part
from shoal.adapters.rows.runs import (
    pack_letters,
    pack_numbers,
    pack_spans,
    unpack_letters,
    unpack_numbers,
    unpack_spans,
)
from shoal.adapters.rows.tallies import (
    pack_entry,
    pack_sum,
    sortable,
    sums_of,
    tally_of,
    tally_row,
)
from shoal.adapters.rows.uploads import decode_part, encode_part
from shoal.adapters.rows.windows import window_of, window_row
from shoal.domain.canary import Canary, CanaryVerdict
from shoal.domain.chunk import NO_TOKEN, Chunk, CurrentTask, Granted, Holder, Lease, Part, Span
from shoal.domain.counts import Counts
from shoal.domain.errors import InvalidRequest
from shoal.domain.grid import Grid, Json
from shoal.domain.job import Job, JobStatus, Lines, Priority, Repeat, Spec
from shoal.domain.lease_token import hash_of
from shoal.domain.outcome import Outcome, TaskError
from shoal.domain.retry import RetryPolicy
from shoal.domain.selection import MOST_INDICES, Discard, Selection
from shoal.domain.sizing import MAX_TASKS
from shoal.domain.tally import Entry, Sum, Tally
from shoal.domain.window import Window
from tests.contract.examples import NOW, a_chunk, a_job, fresh_id

small = st.integers(0, 1_000)
naturals = st.integers(0, 2**53)
times = st.floats(0, 4e9)
words = st.text(max_size=8)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)
objects = st.dictionaries(words, json_values, max_size=3)
letters = st.text("PRTCFX", min_size=1, max_size=256)
counts = st.builds(Counts, small, small, small, small, small, small)


@st.composite
def spans(draw: st.DrawFn) -> tuple[tuple[int, int], ...]:
    edges = list(accumulate(draw(st.lists(st.integers(1, 40), max_size=12))))
    return tuple(zip(edges[::2], edges[1::2], strict=False))


@st.composite
def chunks(draw: st.DrawFn) -> Chunk:
    statuses = draw(letters)
    attempts = st.lists(small, min_size=len(statuses), max_size=len(statuses)).map(tuple)
    return Chunk(
        job=fresh_id(),
        number=draw(small),
        first=draw(naturals),
        generation=draw(small),
        statuses=statuses,
        attempts=draw(attempts),
        epoch=draw(naturals),
        version=draw(naturals),
        lease=draw(st.none() | st.builds(Lease, words, words, times)),
        current_task=draw(st.none() | st.builds(CurrentTask, small, st.none() | st.floats(0, 1))),
        reported=draw(small),
        crashes=draw(small),
        crashed=draw(st.none() | small),
        lapses=draw(small),
        pause=draw(times),
        token_hash=draw(st.none() | st.just(NO_TOKEN) | st.binary(min_size=32, max_size=32)),
        not_before=draw(times),
        sent_at=draw(times),
        sends=draw(small),
        parts=tuple(draw(st.lists(st.builds(Part, small, small, spans()), max_size=4))),
        span=draw(st.none() | st.builds(Span, naturals, naturals)),
        successor=draw(st.none() | small),
        expires_at=draw(naturals),
    )


sources = (
    st.builds(Repeat, naturals)
    | st.builds(Lines, words, st.none() | small)
    | st.builds(Grid, st.dictionaries(words, st.lists(json_values, max_size=3), max_size=3))
)
policies = st.builds(
    RetryPolicy,
    max_attempts=small,
    backoff=times,
    factor=times,
    max_delay=times,
    non_retryable=st.lists(words, max_size=2).map(tuple),
)
specs = st.builds(
    Spec,
    task_type=words,
    source=sources,
    name=words,
    params=objects,
    chunk_size=st.just("auto") | small,
    priority=st.sampled_from(Priority),
    max_parallelism=st.none() | small,
    timeout=times,
    retry=policies,
    deadline=st.none() | times,
    max_failed=st.none() | small,
    tags=st.dictionaries(words, words, max_size=2),
)
statuses = st.sampled_from(JobStatus)
selections = st.builds(Selection, st.none() | words, st.none() | spans(), spans())
fractions = st.floats(0, 1)
jobs = st.builds(
    Job,
    id=words,
    tenant=words,
    spec=specs,
    fingerprint=words,
    created_at=times,
    status=statuses,
    paused=st.booleans(),
    ending=st.none() | statuses,
    reason=st.none() | words,
    generation=small,
    task_count=st.none() | naturals,
    chunk_size=st.none() | small,
    enqueued_at=st.none() | times,
    started_at=st.none() | times,
    finished_at=st.none() | times,
    resumed_at=times,
    executions=small,
    token=st.none() | words,
    counts=st.none() | counts,
    outcomes=st.dictionaries(small, statuses, max_size=3),
    selection=st.none() | selections,
    discards=st.lists(st.builds(Discard, selections, words, words, times), max_size=2).map(tuple),
    canary=st.none()
    | st.builds(
        Canary,
        share=fractions,
        bar=fractions,
        chosen=selections,
        tried=small,
        more=st.booleans(),
        completed=small,
        generation=small,
        succeeded=st.none() | small,
        verdict=st.none() | st.sampled_from(CanaryVerdict),
        judged_at=st.none() | times,
    ),
    window=st.none() | small,
    deleted_at=st.none() | times,
    expires_at=naturals,
    version=naturals,
)

micros = st.integers(0, 4 * 10**15).map(lambda micro: micro / 1_000_000)
outcomes = st.lists(
    st.builds(
        Outcome,
        index=st.integers(0, 10**6),
        attempt=small,
        started_at=micros,
        duration=st.integers(0, 36 * 10**9).map(lambda micro: micro / 1_000_000),
        result=json_values,
        error=st.none() | st.builds(TaskError, words, words, st.booleans(), words),
    ),
    max_size=8,
)


@given(chunks())
def test_a_chunk_comes_back_from_its_row(chunk: Chunk) -> None:
    assert chunk_of(chunk_row(chunk)) == chunk


def test_the_hash_of_the_token_of_another_epoch_is_ignored() -> None:
    """An earlier version of the code grants a lease and keeps the attribute that it ignores."""
    chunk = replace(a_chunk(fresh_id()), epoch=3, token_hash=hash_of("secret"))
    row = {**chunk_row(chunk), "e": number(4)}

    assert chunk_of(row).token_hash is None


def test_a_token_adds_few_bytes_to_a_row() -> None:
    """A row of a chunk that is leased stays in one write unit."""
    chunk = a_chunk("job_" + "0" * 26, size=100)
    rows = []
    for holder in (Holder.OLD_WORKER, Holder.WORKER):
        grant = chunk.grant("worker-7f4d9c-x2x4z", "0" * 40, NOW, 60.0, holder)
        assert isinstance(grant, Granted)
        rows.append(row_size(chunk_row(grant.chunk)))

    assert rows[1] - rows[0] < 30
    assert max(rows) < 400


@given(jobs)
def test_a_job_comes_back_from_its_row(job: Job) -> None:
    assert job_of(job_row(job)) == job


def test_a_row_from_before_there_were_selections_is_read() -> None:
    row = job_row(a_job())
    state = json.loads(row["state"]["S"])
    for name in ("selection", "discards", "canary", "window", "deleted_at"):
        del state[name]

    assert job_of({**row, "state": text(json.dumps(state))}) == job_of(row)


def test_the_largest_selection_fits_into_a_row() -> None:
    scattered = Selection.of_indices(range(1, MAX_TASKS, MAX_TASKS // MOST_INDICES))

    row = job_row(replace(a_job(), selection=scattered))

    assert len(row["state"]["S"]) < 80_000
    assert job_of(row).selection == scattered


def test_a_long_spec_is_compressed_and_comes_back() -> None:
    axes: dict[str, list[Json]] = {"a": list(range(100_000)), "b": ["x" * 2_000]}
    job = replace(a_job(), spec=Spec(task_type="noop", source=Grid(axes)))

    row = job_row(job)

    assert "B" in row["spec"]
    assert job_of(row) == job


def test_an_axis_that_is_a_range_stays_one() -> None:
    job = replace(a_job(), spec=Spec(task_type="noop", source=Grid({"a": range(0, 10**6, 2)})))

    assert job_of(job_row(job)) == job


def test_a_spec_that_no_row_can_hold_is_refused() -> None:
    axes = {"a": [pow(3, n, 2**127 - 1) for n in range(40_000)]}
    job = replace(a_job(), spec=Spec(task_type="noop", source=Grid(axes)))

    with pytest.raises(InvalidRequest):
        job_row(job)


@given(st.dictionaries(st.integers(0, 63), st.builds(Entry, small, naturals, counts)), naturals)
def test_a_tally_comes_back_from_its_row(entries: dict[int, Entry], expires_at: int) -> None:
    tally = Tally(fresh_id(), 7, entries)

    assert tally_of(tally_row(tally, expires_at)) == tally


@given(
    st.builds(
        Window,
        naturals,
        st.none() | naturals,
        naturals,
        st.none() | st.tuples(naturals, naturals),
    )
)
def test_window_is_read_back_from_its_row(window: Window) -> None:
    assert window_of(window_row(a_job(), window), 0) == window


@given(st.dictionaries(small, st.builds(Sum, naturals, counts)))
def test_sums_come_back_from_their_row(sums: dict[int, Sum]) -> None:
    row = {str(tally): text(pack_sum(each)) for tally, each in sums.items()}

    assert sums_of(row | {"id": text("job#sums#1")}) == sums


@given(naturals, naturals, counts)
def test_packed_entries_compare_as_their_versions_do(a: int, b: int, some: Counts) -> None:
    stored, bound = pack_entry(Entry(1, a, some)), f"{sortable(b)}~"

    assert (stored < bound) == (a <= b)


@given(naturals, naturals, counts)
def test_packed_sums_compare_as_their_versions_do(a: int, b: int, some: Counts) -> None:
    assert (pack_sum(Sum(a, some)) < sortable(b)) == (a < b)


@given(outcomes)
def test_outcomes_come_back_from_a_part(part: list[Outcome]) -> None:
    assert unpack_part(pack_part(part)) == tuple(part)


@given(outcomes)
def test_outcomes_come_back_from_a_list(part: list[Outcome]) -> None:
    part = [_reported(each) for each in part]

    assert decode_part(encode_part(part)) == tuple(part)


def _reported(outcome: Outcome) -> Outcome:
    """Within the bounds of a report."""
    error = outcome.error
    return replace(
        outcome,
        index=min(outcome.index, MAX_TASKS - 1),
        attempt=max(outcome.attempt, 1),
        error=None if error is None else replace(error, type=f"E{error.type}"),
    )


@given(letters)
def test_letters_come_back_and_never_grow(some: str) -> None:
    packed = pack_letters(some)

    assert unpack_letters(packed) == some
    assert len(packed) <= len(some)


@given(st.lists(small, max_size=256))
def test_numbers_come_back(numbers: list[int]) -> None:
    assert unpack_numbers(pack_numbers(numbers)) == tuple(numbers)


@given(spans())
def test_spans_come_back(some: tuple[tuple[int, int], ...]) -> None:
    assert unpack_spans(pack_spans(some)) == some


def test_a_fresh_chunk_leaves_out_what_it_does_not_have() -> None:
    assert set(chunk_row(a_chunk(fresh_id()))) == {"id", "g", "f", "s", "a", "e", "v", "m", "n"}
