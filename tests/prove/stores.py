"""The stores of jobs and chunks, whose writes the laws see."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from shoal.adapters.memory.blobs import MemoryBlobStore
from shoal.adapters.memory.chunks import MemoryChunkStore
from shoal.adapters.memory.jobs import MemoryJobStore
from shoal.adapters.memory.windows import MemoryWindowStore
from shoal.domain.chunk import Chunk
from shoal.domain.job import Job
from shoal.domain.outcome import Origin, Outcome, PartKey
from shoal.domain.tally import Sum, Tally
from shoal.domain.window import Window
from shoal.ports.clock import Clock

if TYPE_CHECKING:
    from tests.prove.laws import Laws


class UnreadableRow(Exception):  # noqa: N818 - reads as a noun
    """A row was written by a later version of the code."""


class WatchedJobStore(MemoryJobStore):
    """Jobs in memory; a law sees each write of a job's row, and rows expire."""

    def __init__(self, laws: Laws, clock: Clock) -> None:
        super().__init__(clock)
        self._laws = laws
        self._expiry: dict[tuple[str, Any], int] = {}
        self.unreadable: set[str] = set()
        """Jobs whose rows this version of the code cannot read."""

    def get(self, job_id: str) -> Job | None:
        if job_id in self.unreadable:
            raise UnreadableRow(job_id)
        return super().get(job_id)

    def get_many(self, job_ids: Iterable[str]) -> Mapping[str, Job]:
        return {job_id: job for job_id in job_ids if (job := self.get(job_id)) is not None}

    def create(self, job: Job) -> bool:
        created = super().create(job)
        if created:
            self._laws.check("a live job is on the watch list", self.watches(job.id), job.id)
            self._laws.job_written(None, job)
        return created

    def put(self, job: Job) -> None:
        before = self._jobs.get(job.id)
        super().put(job)
        self._laws.job_written(before, job)

    def begin(self, job: Job) -> None:
        super().begin(job)
        self._laws.check("a live job is on the watch list", self.watches(job.id), job.id)

    def create_tallies(self, tallies: Iterable[Tally], *, expires_at: int) -> None:
        for tally in tallies:
            if (tally.job, tally.number) not in self._tallies:
                self._expiry["_tallies", (tally.job, tally.number)] = expires_at
            super().create_tallies([tally], expires_at=expires_at)

    def set_sum(
        self, job_id: str, generation: int, tally: int, each: Sum, *, expires_at: int
    ) -> Mapping[int, Sum]:
        self._expiry["_sums", (job_id, generation)] = expires_at
        return super().set_sum(job_id, generation, tally, each, expires_at=expires_at)

    def expired(self, now: float) -> list[Callable[[], object]]:
        """Return a function that deletes each expired row."""
        rows: list[Callable[[], object]] = [
            partial(getattr(self, name).pop, key, None)
            for (name, key), at in self._expiry.items()
            if at < now and key in getattr(self, name)
        ]
        jobs = [partial(self._jobs.pop, job.id, None) for job in self.rows if job.expires_at < now]
        return [*rows, *jobs]

    def row(self, job_id: str) -> Job | None:
        return self._jobs.get(job_id)

    @property
    def rows(self) -> list[Job]:
        return list(self._jobs.values())


class WatchedChunkStore(MemoryChunkStore):
    """Chunks in memory; a law sees each write of a chunk's row, and rows expire."""

    def __init__(self, laws: Laws, uploads: MemoryBlobStore) -> None:
        super().__init__(uploads)
        self._laws = laws
        self._expiry: dict[PartKey, int] = {}

    def create(self, chunks: Sequence[Chunk]) -> None:
        for chunk in chunks:
            if (chunk.job, chunk.number) not in self._chunks:
                super().create([chunk])
                self._laws.chunk_written(None, chunk)

    def put(self, chunk: Chunk) -> None:
        before = self._chunks.get((chunk.job, chunk.number))
        super().put(chunk)
        self._laws.chunk_written(before, chunk)

    def put_part(
        self, key: PartKey, outcomes: Sequence[Outcome], *, origin: Origin, expires_at: int
    ) -> None:
        self._expiry.setdefault(key, expires_at)
        super().put_part(key, outcomes, origin=origin, expires_at=expires_at)

    def expired(self, now: float) -> list[Callable[[], object]]:
        """Return a function that deletes each expired row."""
        parts: list[Callable[[], object]] = [
            partial(self._parts.pop, key, None)
            for key, at in self._expiry.items()
            if at < now and key in self._parts
        ]
        rows = [
            partial(self._chunks.pop, key, None)
            for key, chunk in self._chunks.items()
            if chunk.expires_at < now
        ]
        return [*parts, *rows]

    def of(self, job_id: str) -> list[Chunk]:
        """All rows of a job."""
        return [chunk for (job, _), chunk in sorted(self._chunks.items()) if job == job_id]


class WatchedWindowStore(MemoryWindowStore):
    """Windows in memory; a law sees each write of a window, together with the job and its rows."""

    def __init__(self, laws: Laws, jobs: WatchedJobStore, chunks: WatchedChunkStore) -> None:
        super().__init__(jobs, chunks)
        self._laws = laws
        self._job_rows = jobs
        self._chunk_rows = chunks

    def _write(self, job: Job, window: Window) -> None:
        before = self.get(job)
        super()._write(job, window)
        current = self._job_rows.row(job.id)
        if current is not None and current.generation == job.generation:
            self._laws.window_written(before, window, current, self._chunk_rows.of(job.id))


class Bucket(MemoryBlobStore):
    """Objects that presigned URLs reach too."""

    @property
    def objects(self) -> dict[str, bytes]:
        return self._objects
