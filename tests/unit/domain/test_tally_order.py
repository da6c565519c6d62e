"""Entries and sums come to the same, in whatever order and however often they are SET."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shoal.domain import sizing
from shoal.domain.counts import Counts
from shoal.domain.tally import Entry, Sum, Tally, address, members, total

sizes = st.integers(1, 200)


@st.composite
def histories(draw: st.DrawFn) -> list[list[Entry]]:
    """For each chunk of a tally the entries of its row over time, the last one finished."""
    found = []
    for _ in range(draw(st.integers(1, 5))):
        size = draw(st.integers(1, 9))
        steps = sorted(draw(st.sets(st.integers(0, size), max_size=4)) | {size})
        versions = sorted(draw(st.sets(st.integers(1, 50), min_size=len(steps), max_size=50)))
        found.append(
            [
                Entry(1, version, Counts(pending=size - ended, completed=ended))
                for version, ended in zip(versions[: len(steps)], steps, strict=True)
            ]
        )
    return found


@given(histories(), st.randoms(use_true_random=False))
def test_any_order_and_repetition_of_sets_gives_the_same_tally(
    rows: list[list[Entry]], random: st.DataObject
) -> None:
    writes = [(slot, entry) for slot, entries in enumerate(rows) for entry in entries] * 2
    random.shuffle(writes)  # type: ignore[attr-defined]

    entries: dict[int, Entry] = {}
    for slot, entry in writes:
        if entry.replaces(entries.get(slot)):
            entries[slot] = entry

    assert entries == {slot: each[-1] for slot, each in enumerate(rows)}
    each = Tally("job", 0, entries).sum(1, len(rows))
    assert each is not None
    assert each.counts == Counts.total(history[-1].counts for history in rows)


@given(st.lists(st.builds(Sum, st.integers(1, 99), st.just(Counts(completed=3))), min_size=1))
def test_only_a_sum_of_later_rows_replaces(sums: list[Sum]) -> None:
    kept: Sum | None = None
    for each in sums:
        kept = each if each.replaces(kept) else kept

    assert kept is not None
    assert kept.versions == max(each.versions for each in sums)


def test_an_older_entry_replaces_nothing() -> None:
    older, newer = Entry(1, 4, Counts(running=1)), Entry(1, 5, Counts(completed=1))

    assert not older.replaces(newer)
    assert newer.replaces(older)
    assert newer.replaces(newer)


def test_a_tally_is_incomplete_while_a_chunk_is_open_missing_or_of_another_generation() -> None:
    done, open_ = Entry(2, 3, Counts(completed=1)), Entry(2, 3, Counts(retrying=1))
    before = Entry(1, 3, Counts(completed=1))

    assert Tally("job", 0, {0: done, 1: done}).sum(2, 2) == Sum(6, Counts(completed=2))
    assert Tally("job", 0, {0: done}).sum(2, 2) is None
    assert Tally("job", 0, {0: done, 1: open_}).sum(2, 2) is None
    assert Tally("job", 0, {0: done, 1: before}).sum(2, 2) is None


def test_before_its_reset_a_chunk_counts_with_what_it_will_keep() -> None:
    tally = Tally("job", 0, {0: Entry(1, 3, Counts(completed=4, failed=2))})

    assert tally.counts(1) == Counts(completed=4, failed=2)
    assert tally.counts(2) == Counts(completed=4)


@given(st.integers(1, sizing.MAX_CHUNKS), st.data())
def test_each_chunk_has_one_slot_of_one_tally(chunks: int, data: st.DataObject) -> None:
    chunk = data.draw(st.integers(0, chunks - 1))

    tally, slot = address(chunk, chunks)

    assert 0 <= tally < sizing.tally_count(chunks)
    assert 0 <= slot < sizing.TALLY_CHUNKS
    assert members(tally, chunks)[slot] == chunk


@given(st.integers(1, 3_000))
def test_tallies_share_the_chunks_out(chunks: int) -> None:
    tallies = range(sizing.tally_count(chunks))
    parts = [members(tally, chunks) for tally in tallies]

    assert sorted(chunk for part in parts for chunk in part) == list(range(chunks))
    assert all(1 <= len(part) <= sizing.TALLY_CHUNKS for part in parts)
    assert [sizing.tally_slots(tally, chunks) for tally in tallies] == [*map(len, parts)]
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


@given(st.integers(1, 300))
def test_a_job_is_complete_when_each_of_its_tallies_is(chunks: int) -> None:
    sums = {
        tally: Sum(1, Counts(completed=len(members(tally, chunks))))
        for tally in range(sizing.tally_count(chunks))
    }

    assert total(sums, chunks) == Counts(completed=chunks)
    sums.popitem()
    assert total(sums, chunks) is None
