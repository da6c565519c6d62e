"""Tallies, sums and cursors in the jobs table. An entry is `version.generation:counts`.

A version is written with a letter for its length before it (7 → `a7`, 12 → `b12`), so that text
compares as the versions do and one conditional update can refuse what is older.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from string import ascii_lowercase

from shoal.adapters.rows.attributes import Row, Value, number, text
from shoal.domain.counts import Counts, TaskStatus
from shoal.domain.tally import Entry, Sum, Tally

_COUNT = re.compile(r"(\d+)(\D)")
_PLACE = {status.letter: place for place, status in enumerate(TaskStatus)}
_LETTERS = tuple(_PLACE)
_LENGTHS = f" {ascii_lowercase}"


def tally_id(job: str, tally: int) -> str:
    """The key of a tally's row."""
    return f"{job}#tally#{tally}"


def sums_id(job: str, generation: int) -> str:
    """The key of the row with all sums of a generation."""
    return f"{job}#sums#{generation}"


def cursor_id(job: str, generation: int) -> str:
    """The key of a generation's cursor."""
    return f"{job}#cursor#{generation}"


def tally_row(tally: Tally, expires_at: int) -> Row:
    """The row of a tally."""
    row: dict[str, Value] = {
        "id": text(tally_id(tally.job, tally.number)),
        "expires_at": number(expires_at),
    }
    return row | {str(slot): text(pack_entry(entry)) for slot, entry in tally.entries.items()}


def tally_of(row: Row) -> Tally:
    """The tally of a row."""
    job, _, place = row["id"]["S"].partition("#tally#")
    return Tally(job, int(place), {slot: _entry(packed) for slot, packed in _slots(row)})


def sums_of(row: Row) -> Mapping[int, Sum]:
    """The sums of a row, by tally."""
    return {tally: _sum(packed) for tally, packed in _slots(row)}


def pack_entry(entry: Entry) -> str:
    """An entry as text that sorts by its version."""
    return f"{sortable(entry.version)}.{entry.generation}:{_packed_counts(entry.counts)}"


def pack_sum(each: Sum) -> str:
    """A sum as text that sorts by its versions."""
    return f"{sortable(each.versions)}:{_packed_counts(each.counts)}"


def sortable(version: int) -> str:
    """Text that compares as versions do: what begins with it is not less, whatever follows."""
    digits = str(version)
    return f"{_LENGTHS[len(digits)]}{digits}"


def _slots(row: Row) -> list[tuple[int, str]]:
    return [(int(name), value["S"]) for name, value in row.items() if name.isdecimal()]


@lru_cache(4_096)  # most chunks of a job go through the same few entries
def _entry(packed: str) -> Entry:
    version, _, rest = packed.partition(".")
    generation, _, counts = rest.partition(":")
    return Entry(int(generation), int(version[1:]), _counts(counts))


def _sum(packed: str) -> Sum:
    versions, _, counts = packed.partition(":")
    return Sum(int(versions[1:]), _counts(counts))


def _packed_counts(counts: Counts) -> str:
    pairs = zip(counts, _LETTERS, strict=True)
    return "".join(f"{count}{letter}" for count, letter in pairs if count)


def _counts(packed: str) -> Counts:
    counts = [0] * len(_LETTERS)
    for count, letter in _COUNT.findall(packed):
        counts[_PLACE[letter]] = int(count)
    return Counts(*counts)
