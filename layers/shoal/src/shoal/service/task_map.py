"""Builds the map of a job's tasks: one byte per task, or the counts of each chunk.

Tallies show the chunks whose tasks all have the same status; only the rows of the others are read.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final

from shoal.domain.counts import Counts, TaskStatus
from shoal.domain.job import Job
from shoal.domain.job_version import job_version
from shoal.domain.tally import Entry, Tally, address
from shoal.domain.visible_status import untouched_status
from shoal.ports.chunks import ChunkStatuses, ChunkStore
from shoal.ports.jobs import JobStore
from shoal.service.job_access import owned_job

MOST_MIXED: Final = 10_000
"""Most chunk rows per request, enough for a million tasks in chunks of 100."""

CELL: Final = struct.Struct("<6H")
"""The counts of a chunk, in the order of the statuses."""

_COMPLETED: Final = TaskStatus.COMPLETED.letter
_LETTERS: Final = "".join(status.letter for status in TaskStatus)


_CLOSED: Final = str.maketrans(
    dict.fromkeys(
        (TaskStatus.PENDING.letter, TaskStatus.RUNNING.letter, TaskStatus.RETRYING.letter),
        TaskStatus.CANCELLED.letter,
    )
)


@dataclass(frozen=True, slots=True)
class TaskMapQueries:
    """Read access to the maps of jobs."""

    jobs: JobStore
    chunks: ChunkStore

    def of_job(self, tenant: str, job_id: str) -> TaskMap:
        """Return the map of a job; only the job's row is read."""
        return TaskMap(owned_job(self.jobs, tenant, job_id), self.jobs, self.chunks)


@dataclass(frozen=True)
class TaskMap:
    """The map of one job."""

    job: Job
    jobs: JobStore
    chunks: ChunkStore

    @property
    def count(self) -> int:
        """The number of tasks; 0 until it is known."""
        return self.job.task_count or 0

    @property
    def version(self) -> int:
        """A version that grows with each change of the map. Tallies are read before rows."""
        moves = (
            self.job.moves if self.job.closed else sum(tally.versions for tally in self._tallies)
        )
        return job_version(self.job.version, moves)

    def tasks(self, start: int) -> bytes:
        """Return the letter of each task, starting at the index `start`.

        The result ends before the last task if more than 10,000 rows would be read.
        """
        if start >= self.count:
            return b""
        if (letter := self._uniform()) is not None:
            return (self.count - start) * letter.encode()
        first = start // (self.job.chunk_size or 1)
        cells, mixed = list[str](), list[int]()
        for number, counts in enumerate(self._known(first), first):
            letters = _letters(counts)
            if letters is None:
                if len(mixed) == MOST_MIXED:
                    break
                mixed.append(number)
            cells.append(letters or "")
        for number, standing in self.chunks.statuses(self.job.id, mixed).items():
            cells[number - first] = self._visible_statuses(standing)
        for number in mixed:
            cells[number - first] = cells[number - first] or self._not_created(number)
        return "".join(cells)[start - first * (self.job.chunk_size or 1) :].encode()

    def cells(self) -> bytes:
        """Return the counts of each chunk; no chunk row is read."""
        if not self.job.planned:
            return b""
        return b"".join(CELL.pack(*counts) for counts in self._known(0))

    @cached_property
    def _tallies(self) -> Sequence[Tally]:
        return self.jobs.tallies(self.job.id, range(self.job.tallies))

    def _uniform(self) -> str | None:
        """Return the letter of every task if the job's row shows that all are equal."""
        if not self.job.planned:
            return untouched_status(self.job).letter
        return None if self.job.counts is None else _single_letter(self.job.counts)

    def _known(self, first: int) -> Iterator[Counts]:
        """Yield the counts of each chunk from `first`, as users see them."""
        entries: Mapping[int, Mapping[int, Entry]]
        entries = {tally.number: tally.entries for tally in self._tallies}
        for number in range(first, self.job.chunks):
            tally, slot = address(number, self.job.chunks)
            yield self._counts(entries.get(tally, {}).get(slot), self.job.size_of(number))

    def _counts(self, entry: Entry | None, size: int) -> Counts:
        if entry is None:  # it was never leased
            counts = Counts(pending=size)
        elif entry.generation != self.job.generation:  # it waits for its reset
            done = entry.counts.completed
            counts = Counts(pending=size - done, completed=done)
        else:
            counts = entry.counts
        return counts.after_close() if self.job.closed else counts

    def _visible_statuses(self, standing: ChunkStatuses) -> str:
        """Return the letters of a chunk's row, with the same rules as `visible_status`."""
        letters = standing.statuses
        if standing.generation != self.job.generation:
            waits = untouched_status(self.job).letter
            return "".join(each if each == _COMPLETED else waits for each in letters)
        return letters.translate(_CLOSED) if self.job.closed else letters

    def _not_created(self, number: int) -> str:
        return self.job.size_of(number) * untouched_status(self.job).letter


@lru_cache(1_024)  # most chunks of a job have the same counts
def _letters(counts: Counts) -> str | None:
    """Return the letters if all tasks have the same status, else None."""
    letter = _single_letter(counts)
    return None if letter is None else sum(counts) * letter


def _single_letter(counts: Counts) -> str | None:
    found = [letter for letter, count in zip(_LETTERS, counts, strict=True) if count]
    return found[0] if len(found) == 1 else None
