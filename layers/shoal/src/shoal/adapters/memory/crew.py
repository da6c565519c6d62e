"""Workers in memory."""

from __future__ import annotations

from shoal.domain.crew import Worker
from shoal.ports.crew import WorkerPage


class MemoryCrew:
    """Workers by name."""

    def __init__(self) -> None:
        self._workers: dict[str, Worker] = {}

    def note(self, worker: Worker) -> None:
        if worker.follows(self._workers.get(worker.name)):
            self._workers[worker.name] = worker

    def page(self, *, limit: int, start: str | None) -> WorkerPage:
        names = sorted(name for name in self._workers if start is None or name > start)
        found = [self._workers[name] for name in names[:limit]]
        return WorkerPage(found, found[-1].name if len(names) > limit else None)
