"""Return values of side effects, in memory."""

from __future__ import annotations

from shoal.adapters.memory.chunks import MemoryChunkStore
from shoal.adapters.memory.restorable import Restorable
from shoal.domain.chunk import Chunk
from shoal.domain.errors import WriteConflict
from shoal.ports.effects import KeptEffect


class MemoryEffectStore(Restorable):
    """Return values of side effects, fenced by the chunk's epoch."""

    def __init__(self, chunks: MemoryChunkStore) -> None:
        self._chunks = chunks
        self._effects: dict[tuple[str, int, str], KeptEffect] = {}

    def effect(self, job_id: str, index: int, key: str) -> KeptEffect | None:
        return self._effects.get((job_id, index, key))

    def put_effect(self, chunk: Chunk, index: int, key: str, kept: KeptEffect) -> bool:
        row = self._chunks.get(chunk.job, chunk.number)
        if row is None or row.epoch != chunk.epoch or row.lease is None:
            raise WriteConflict(f"{chunk.job}#{chunk.number}")
        return self._effects.setdefault((chunk.job, index, key), kept) is kept
