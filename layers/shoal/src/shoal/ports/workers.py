"""Where workers are known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from shoal.domain.workers import Worker


class WorkerPage(NamedTuple):
    """Some workers, by name, and where the next page begins (None at the end)."""

    workers: Sequence[Worker]
    next_key: str | None


class WorkerStore(Protocol):
    """The workers, as they last spoke; each is forgotten once it expires."""

    def record(self, worker: Worker) -> None:
        """Write it if it follows what is known of that name; else change nothing."""

    def page(self, *, limit: int, start: str | None) -> WorkerPage:
        """Those that are known. `start` is a page's `next_key`."""
