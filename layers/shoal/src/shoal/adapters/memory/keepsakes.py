"""What tasks keep, in memory."""

from __future__ import annotations

from shoal.adapters.memory.chunks import MemoryChunkStore
from shoal.adapters.memory.restorable import Restorable
from shoal.domain.chunk import Chunk
from shoal.domain.errors import WriteConflict
from shoal.ports.blobs import UploadLink
from shoal.ports.keepsakes import Keepsake, StoredArtifact


class MemoryEffectStore(Restorable):
    """Outcomes of side effects; the chunks hold the fence."""

    def __init__(self, chunks: MemoryChunkStore) -> None:
        self._chunks = chunks
        self._effects: dict[tuple[str, int, str], Keepsake] = {}

    def effect(self, job_id: str, index: int, key: str) -> Keepsake | None:
        return self._effects.get((job_id, index, key))

    def put_effect(self, chunk: Chunk, index: int, key: str, kept: Keepsake) -> bool:
        row = self._chunks.get(chunk.job, chunk.number)
        if row is None or row.epoch != chunk.epoch or row.lease is None:
            raise WriteConflict(f"{chunk.job}#{chunk.number}")
        return self._effects.setdefault((chunk.job, index, key), kept) is kept


class MemoryArtifactStore(Restorable):
    """Files of tasks; tests put them, as workers would by their links."""

    def __init__(self) -> None:
        self._objects: dict[str, bytes] = {}

    def put(self, key: str, body: bytes) -> None:
        """Write one."""
        self._objects[key] = body

    def place(self, key: str, size: int, *, seconds: int) -> UploadLink:
        return UploadLink(f"memory://results/{key}?size={size}&write={seconds}", {})

    def stored(self, prefix: str) -> list[StoredArtifact]:
        found = sorted(key for key in self._objects if key.startswith(prefix))
        return [StoredArtifact(key, len(self._objects[key])) for key in found]

    def link(self, key: str, *, seconds: int) -> str:
        return f"memory://results/{key}?read={seconds}"

    def uri(self, key: str) -> str:
        return f"s3://results/{key}"
