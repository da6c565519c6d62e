"""The stores of jobs and chunks, whose writes the laws see."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from shoal.adapters.memory.blobs import MemoryBlobStore
from shoal.adapters.memory.chunks import MemoryChunkStore
from shoal.adapters.memory.jobs import MemoryJobStore
from shoal.domain.chunk import Chunk
from shoal.domain.job import Job

if TYPE_CHECKING:
    from tests.prove.laws import Laws


class WatchedJobStore(MemoryJobStore):
    """Jobs in memory; a law sees each write of a job's row."""

    def __init__(self, laws: Laws) -> None:
        super().__init__()
        self._laws = laws

    def create(self, job: Job) -> bool:
        created = super().create(job)
        if created:
            self._laws.job_written(None, job)
        return created

    def put(self, job: Job) -> None:
        before = self._jobs.get(job.id)
        super().put(job)
        self._laws.job_written(before, job)

    def row(self, job_id: str) -> Job | None:
        return self._jobs.get(job_id)

    @property
    def watched(self) -> bool:
        """Whether any job is on the watch list."""
        return bool(self._open)

    @property
    def rows(self) -> list[Job]:
        return list(self._jobs.values())


class WatchedChunkStore(MemoryChunkStore):
    """Chunks in memory; a law sees each write of a chunk's row."""

    def __init__(self, laws: Laws, uploads: MemoryBlobStore) -> None:
        super().__init__(uploads)
        self._laws = laws

    def create(self, chunks: Sequence[Chunk]) -> None:
        for chunk in chunks:
            if (chunk.job, chunk.number) not in self._chunks:
                super().create([chunk])
                self._laws.chunk_written(None, chunk)

    def put(self, chunk: Chunk) -> None:
        before = self._chunks.get((chunk.job, chunk.number))
        super().put(chunk)
        self._laws.chunk_written(before, chunk)

    def of(self, job_id: str) -> list[Chunk]:
        """All rows of a job."""
        return [chunk for (job, _), chunk in sorted(self._chunks.items()) if job == job_id]


class Bucket(MemoryBlobStore):
    """Objects that presigned URLs reach too."""

    @property
    def objects(self) -> dict[str, bytes]:
        return self._objects
