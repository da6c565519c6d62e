"""Windows in memory, next to the stores of jobs and chunks that they are written with."""

from __future__ import annotations

from collections.abc import Sequence

from shoal.adapters.memory.chunks import MemoryChunkStore
from shoal.adapters.memory.jobs import MemoryJobStore
from shoal.adapters.memory.restorable import Restorable
from shoal.domain.chunk import Chunk
from shoal.domain.errors import WriteConflict
from shoal.domain.job import Job
from shoal.domain.window import Window


class MemoryWindowStore(Restorable):
    """Checks every condition of a write before it writes anything."""

    def __init__(self, jobs: MemoryJobStore, chunks: MemoryChunkStore) -> None:
        self._windows: dict[tuple[str, int], Window] = {}
        self._jobs = jobs
        self._chunks = chunks

    def get(self, job: Job) -> Window | None:
        return self._windows.get((job.id, job.generation))

    def open(self, job: Job, window: Window) -> None:
        stored = self._jobs.get(job.id)
        if stored is None or stored.version != job.version:
            raise WriteConflict(job.id)
        self.put(job, None, window)

    def put(self, job: Job, before: Window | None, after: Window) -> None:
        self._check(job, before)
        self._write(job, after)

    def note(self, job: Job, chunks: Sequence[Chunk], before: Window | None, after: Window) -> None:
        self._check(job, before)
        if not all(map(self._chunks.follows, chunks)):
            raise WriteConflict(job.id)
        for chunk in chunks:
            self._chunks.put(chunk)
        self._write(job, after)

    def resize(self, job: Job, before: Window | None, after: Window | None) -> None:
        self._check(job, before)
        self._jobs.put(job)
        if after is not None:
            self._write(job, after)

    def _check(self, job: Job, before: Window | None) -> None:
        if self.get(job) != before:
            raise WriteConflict(job.id)

    def _write(self, job: Job, window: Window) -> None:
        self._windows[job.id, job.generation] = window
