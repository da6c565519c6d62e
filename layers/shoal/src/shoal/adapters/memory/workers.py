"""Workers in memory."""

from __future__ import annotations

from shoal.domain.workers import Worker
from shoal.ports.workers import WorkerPage


class MemoryWorkerStore:
    """Workers by name."""

    def __init__(self) -> None:
        self._workers: dict[str, Worker] = {}

    def record(self, worker: Worker) -> None:
        if worker.follows(self._workers.get(worker.name)):
            self._workers[worker.name] = worker

    def page(self, *, limit: int, start: str | None) -> WorkerPage:
        names = sorted(name for name in self._workers if start is None or name > start)
        found = [self._workers[name] for name in names[:limit]]
        return WorkerPage(found, found[-1].name if len(names) > limit else None)
