"""Caches the task types that live workers offer."""

from dataclasses import dataclass, field
from typing import Final

from shoal.domain.workers import WorkerStatus
from shoal.ports.clock import Clock
from shoal.ports.workers import WorkerStore

_CACHED_SECONDS: Final = 15.0
_PAGE: Final = 100
_PAGES: Final = 5
"""Pages of workers; if there are more, every type counts as offered."""
_GONE: Final = frozenset((WorkerStatus.LEFT, WorkerStatus.SILENT))


@dataclass(slots=True)
class LiveTypes:
    """The types that live workers offer, read from the registry and at most 15 seconds old."""

    worker_store: WorkerStore
    clock: Clock
    _types: frozenset[str] | None = field(default=None, init=False)
    _read_until: float = field(default=0.0, init=False)

    def offers(self, task_type: str) -> bool:
        """Return whether a live worker offers the type, or it is not known that none does."""
        now = self.clock.now()
        if now >= self._read_until:
            self._types = self._read(now)
            self._read_until = now + _CACHED_SECONDS
        return self._types is None or task_type in self._types

    def _read(self, now: float) -> frozenset[str] | None:
        types, start = set[str](), None
        for _ in range(_PAGES):
            page = self.worker_store.page(limit=_PAGE, start=start)
            for worker in page.workers:
                if worker.status(now) not in _GONE:
                    types.update(worker.types)
            start = page.next_key
            if start is None:
                return frozenset(types)
        return None
