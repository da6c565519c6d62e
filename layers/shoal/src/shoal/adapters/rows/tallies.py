"""Tallies and sums in the jobs table. An entry is `version.generation:counts`.

A version has a prefix letter for its length (7 → `a7`, 12 → `b12`), so that text sorts like the
versions, and one conditional update can reject older ones.
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
_OF_UNKNOWN = _PLACE[TaskStatus.RUNNING.letter]
"""Tasks of a status that a later version wrote count as running: they may be open."""
_LENGTHS = f" {ascii_lowercase}"


def tally_id(job: str, tally: int) -> str:
    """Return the key of a tally's row."""
    return f"{job}#tally#{tally}"


def sums_id(job: str, generation: int) -> str:
    """Return the key of the sums row of a generation."""
    return f"{job}#sums#{generation}"


def tally_row(tally: Tally, expires_at: int) -> Row:
    """Return the row of a tally."""
    row: dict[str, Value] = {
        "id": text(tally_id(tally.job, tally.number)),
        "expires_at": number(expires_at),
    }
    return row | {str(slot): text(pack_entry(entry)) for slot, entry in tally.entries.items()}


def tally_of(row: Row) -> Tally:
    """Return the tally of a row."""
    job, _, place = row["id"]["S"].partition("#tally#")
    return Tally(job, int(place), {slot: _entry(packed) for slot, packed in _slots(row)})


def sums_of(row: Row) -> Mapping[int, Sum]:
    """Return the sums of a row, by tally."""
    return {tally: _sum(packed) for tally, packed in _slots(row)}


def pack_entry(entry: Entry) -> str:
    """Return an entry as text that sorts by version."""
    return f"{sortable(entry.version)}.{entry.generation}:{_packed_counts(entry.counts)}"


def pack_sum(each: Sum) -> str:
    """Return a sum as text that sorts by versions."""
    return f"{sortable(each.versions)}:{_packed_counts(each.counts)}"


def sortable(version: int) -> str:
    """Return text that sorts like the version; text that starts with it is not less."""
    digits = str(version)
    return f"{_LENGTHS[len(digits)]}{digits}"


def _slots(row: Row) -> list[tuple[int, str]]:
    return [(int(name), value["S"]) for name, value in row.items() if name.isdecimal()]


@lru_cache(4_096)  # most chunks of a job have the same few entries
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
        counts[_PLACE.get(letter, _OF_UNKNOWN)] += int(count)
    return Counts(*counts)
