"""Storage of workers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from shoal.domain.workers import Worker


class WorkerPage(NamedTuple):
    """A page of workers, by name, and the start of the next page (None at the end)."""

    workers: Sequence[Worker]
    next_key: str | None


class WorkerStore(Protocol):
    """The last registration of each worker; it expires."""

    def record(self, worker: Worker) -> None:
        """Write a registration if it is newer than the stored one of that name."""

    def page(self, *, limit: int, start: str | None) -> WorkerPage:
        """Return a page of workers. `start` is a page's `next_key`."""
