"""Tallies and sums detect the end of a job without counting a task twice.

A chunk's entry in its tally is SET, never incremented, and only from a row that is not older than
the row of the current entry. A complete tally yields one sum. Doing either twice, late or out of
order changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from shoal.domain.chunk import Chunk
from shoal.domain.counts import Counts
from shoal.domain.sizing import tally_count, tally_slots


class Entry(NamedTuple):
    """The counts of one chunk at a `version` of its row."""

    generation: int
    version: int
    counts: Counts

    @staticmethod
    def of(chunk: Chunk) -> Entry:
        """Return the entry of a chunk."""
        return Entry(chunk.generation, chunk.version, chunk.counts)

    def replaces(self, other: Entry | None) -> bool:
        """Return whether it may replace `other`: not if it is older.

        The generation of a row never falls while its version grows, so the version decides.
        """
        return other is None or self.version >= other.version

    def is_of_lost_row(self, chunk: Chunk) -> bool:
        """Return whether the entry's row was lost, so that `chunk` was created in its place.

        Versions grow from generation to generation, so no entry is ahead of a later generation.
        """
        return self.generation < chunk.generation and self.version > chunk.version

    def ended(self, generation: int) -> bool:
        """Return whether every task of the chunk has ended in this generation."""
        return self.generation == generation and not self.counts.open


class Sum(NamedTuple):
    """The sum of a complete tally. `versions` is the total of its entries' versions."""

    versions: int
    counts: Counts

    def replaces(self, other: Sum | None) -> bool:
        """Return whether it may replace `other`: only if it was computed from later rows."""
        return other is None or self.versions > other.versions


@dataclass(frozen=True, slots=True)
class Tally:
    """Up to 64 chunks of a job. With G tallies, chunk i has slot i // G of tally i mod G."""

    job: str
    number: int
    entries: Mapping[int, Entry]

    def sum(self, generation: int, chunks: int) -> Sum | None:
        """Return its sum if all of its chunks have ended in this generation, else None."""
        entries = self.entries.values()
        if len(entries) < tally_slots(self.number, chunks):
            return None
        if not all(entry.ended(generation) for entry in entries):
            return None
        return Sum(sum(e.version for e in entries), Counts.total(e.counts for e in entries))

    def counts(self, generation: int) -> Counts:
        """Return the known counts. Chunks of earlier generations count only COMPLETED tasks."""
        known = (
            e.counts if e.generation == generation else Counts(completed=e.counts.completed)
            for e in self.entries.values()
        )
        return Counts.total([Counts(), *known])

    @property
    def versions(self) -> int:
        """A number that grows with each change of one of its chunks."""
        return sum(entry.version for entry in self.entries.values())


def address(chunk: int, chunks: int) -> tuple[int, int]:
    """Return tally and slot of a chunk, given the job's number of chunks."""
    slot, tally = divmod(chunk, tally_count(chunks))
    return tally, slot


def members(tally: int, chunks: int) -> range:
    """Return the chunks of a tally, in order of their slots."""
    return range(tally, chunks, tally_count(chunks))


def total(sums: Mapping[int, Sum], chunks: int) -> Counts | None:
    """Return the counts of the job if all tallies are complete, else None."""
    if len(sums) < tally_count(chunks):
        return None
    return Counts.total(each.counts for each in sums.values())
