"""Reads the attempts of a task with their outcomes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import batched
from typing import Final, NamedTuple

from shoal.domain.attempt import Attempt, reported, unreported
from shoal.domain.outcome import PartKey
from shoal.ports.chunks import ChunkStore
from shoal.service.task_queries import TaskQueries

PARTS_AT_ONCE: Final = 20
"""Parts per batch read; each can contain the outcomes of 256 tasks."""


class AttemptPage(NamedTuple):
    """A page of attempts, oldest first. `before` is the start of the next page; None at the end."""

    attempts: Sequence[Attempt]
    before: int | None


@dataclass(frozen=True, slots=True)
class AttemptQueries:
    """Reads attempts. For other tenants, the attempts of a job do not exist."""

    task_queries: TaskQueries
    chunks: ChunkStore

    def of_task(
        self, tenant: str, task_id: str, *, limit: int, before: int | None = None
    ) -> AttemptPage:
        """Return the latest attempts of a task, or the `limit` attempts before number `before`."""
        job, chunk, offset = self.task_queries.find(tenant, task_id)
        if chunk is None:
            return AttemptPage([], None)
        history = chunk.history_of(offset)
        end = len(history) if before is None else min(before, len(history))
        found = [*self._ended(history[max(0, end - limit) : end], chunk.first + offset)]
        latest = None
        if before is None:
            latest = unreported(job, chunk, offset, found[-1] if found else None)
        if latest is not None:
            found = [*found[-limit + 1 :], latest] if limit > 1 else [latest]
        first = end + (latest is not None) - len(found)
        return AttemptPage(found, first or None)

    def _ended(self, keys: Sequence[PartKey], index: int) -> Iterator[Attempt]:
        for batch in batched(keys, PARTS_AT_ONCE, strict=False):
            parts = self.chunks.whole_parts(batch)
            yield from (reported(key, parts.get(key), index) for key in batch)
