"""Tallies and sums: how a job learns that all its tasks have ended without counting anything twice.

A chunk's entry in its tally is SET, never added to, and only by a row that is not older than the
one it was SET from. A complete tally gives one sum. Doing either twice, late or out of order
changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from shoal.domain.chunk import Chunk
from shoal.domain.counts import Counts
from shoal.domain.sizing import tally_count, tally_slots


class Entry(NamedTuple):
    """One chunk as its row stood at `version`."""

    generation: int
    version: int
    counts: Counts

    @staticmethod
    def of(chunk: Chunk) -> Entry:
        """The entry of a chunk's row."""
        return Entry(chunk.generation, chunk.version, chunk.counts)

    def replaces(self, other: Entry | None) -> bool:
        """Whether it may be SET where `other` stands: not if it is older."""
        return other is None or self.version >= other.version


class Sum(NamedTuple):
    """One complete tally. `versions` is the total of its entries'; only greater replaces."""

    versions: int
    counts: Counts

    def replaces(self, other: Sum | None) -> bool:
        """Whether it may be SET where `other` stands: only if it was computed from later rows."""
        return other is None or self.versions > other.versions


@dataclass(frozen=True, slots=True)
class Tally:
    """Up to 64 chunks of a job: chunk i has the entry at slot i // G of tally i mod G."""

    job: str
    number: int
    entries: Mapping[int, Entry]

    def sum(self, generation: int, chunks: int) -> Sum | None:
        """Its sum, if every one of its chunks has ended in this generation, else None."""
        entries = self.entries.values()
        if len(entries) < tally_slots(self.number, chunks):
            return None
        if any(entry.generation != generation or entry.counts.open for entry in entries):
            return None
        return Sum(sum(e.version for e in entries), Counts.total(e.counts for e in entries))

    def counts(self, generation: int) -> Counts:
        """What is known of its chunks in this generation: before its reset, what it will keep."""
        known = (
            e.counts if e.generation == generation else Counts(completed=e.counts.completed)
            for e in self.entries.values()
        )
        return Counts.total([Counts(), *known])

    @property
    def versions(self) -> int:
        """A number that grows whenever a row of it moved."""
        return sum(entry.version for entry in self.entries.values())


def address(chunk: int, chunks: int) -> tuple[int, int]:
    """Tally and slot of a chunk, in a job of that many chunks."""
    slot, tally = divmod(chunk, tally_count(chunks))
    return tally, slot


def members(tally: int, chunks: int) -> range:
    """The chunks that report to a tally, in order of their slots."""
    return range(tally, chunks, tally_count(chunks))


def total(sums: Mapping[int, Sum], chunks: int) -> Counts | None:
    """The job's counts, if every tally is complete, else None."""
    if len(sums) < tally_count(chunks):
        return None
    return Counts.total(each.counts for each in sums.values())
