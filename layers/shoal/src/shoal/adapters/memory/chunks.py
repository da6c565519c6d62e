"""Chunks and the outcomes of their tasks in memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from shoal.adapters.memory.blobs import MemoryBlobStore
from shoal.adapters.memory.restorable import Restorable
from shoal.adapters.rows.uploads import decode_part
from shoal.domain.chunk import Chunk
from shoal.domain.errors import WriteConflict
from shoal.domain.outcome import Origin, Outcome, PartKey, WholePart
from shoal.ports.blobs import UploadLink
from shoal.ports.chunks import ChunkStatuses


class MemoryChunkStore(Restorable):
    """Stores chunks and parts. Uploaded parts are in `uploads`."""

    def __init__(self, uploads: MemoryBlobStore | None = None) -> None:
        self.uploads = uploads or MemoryBlobStore("results")
        self._chunks: dict[tuple[str, int], Chunk] = {}
        self._parts: dict[PartKey, WholePart] = {}
        self._uploading: dict[PartKey, Origin] = {}

    def create(self, chunks: Sequence[Chunk]) -> None:
        for chunk in chunks:
            self._chunks.setdefault((chunk.job, chunk.number), chunk)

    def get(self, job_id: str, number: int) -> Chunk | None:
        return self._chunks.get((job_id, number))

    def get_many(self, job_id: str, numbers: Sequence[int]) -> list[Chunk]:
        return [
            self._chunks[job_id, number]
            for number in sorted(set(numbers))
            if (job_id, number) in self._chunks
        ]

    def statuses(self, job_id: str, numbers: Sequence[int]) -> Mapping[int, ChunkStatuses]:
        return {
            chunk.number: ChunkStatuses(chunk.generation, chunk.statuses)
            for chunk in self.get_many(job_id, numbers)
        }

    def put(self, chunk: Chunk) -> None:
        if not self.follows(chunk):
            raise WriteConflict(f"{chunk.job}#{chunk.number}")
        self._chunks[chunk.job, chunk.number] = chunk

    def follows(self, chunk: Chunk) -> bool:
        """Return whether `put` writes the chunk over its previous version."""
        stored = self._chunks.get((chunk.job, chunk.number))
        return (
            stored is not None
            and stored.version == chunk.version - 1
            and stored.generation <= chunk.generation
        )

    def put_part(
        self, key: PartKey, outcomes: Sequence[Outcome], *, origin: Origin, expires_at: int
    ) -> None:
        del expires_at
        self._parts.setdefault(key, WholePart(tuple(outcomes), origin))

    def part_upload(self, key: PartKey, size: int, *, origin: Origin, seconds: int) -> UploadLink:
        self._uploading[key] = origin
        return UploadLink(f"memory://results/{key}?size={size}&write={seconds}", {})

    def has_upload(self, key: PartKey) -> bool:
        return self.uploads.size(str(key)) is not None

    def parts(self, keys: Iterable[PartKey]) -> Mapping[PartKey, Sequence[Outcome]]:
        return {key: part.outcomes for key, part in self.whole_parts(keys).items()}

    def whole_parts(self, keys: Iterable[PartKey]) -> Mapping[PartKey, WholePart]:
        found = {key: self._part(key) for key in keys}
        return {key: part for key, part in found.items() if part is not None}

    def _part(self, key: PartKey) -> WholePart | None:
        if key in self._parts:
            return self._parts[key]
        size = self.uploads.size(str(key))
        if size is None:
            return None
        outcomes = decode_part(self.uploads.read(str(key), 0, size))
        return WholePart(outcomes, self._uploading.get(key))
