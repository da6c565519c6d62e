"""Where chunks and the outcomes of their tasks are kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

from shoal.domain.chunk import Chunk
from shoal.domain.outcome import Origin, Outcome, PartKey, WholePart
from shoal.ports.blobs import UploadLink


class ChunkStatuses(NamedTuple):
    """What a chunk's row says of where its tasks stand: a letter each."""

    generation: int
    statuses: str


class ChunkStore(Protocol):
    """Chunks and the parts of outcomes."""

    def create(self, chunks: Sequence[Chunk]) -> None:
        """Write those that do not exist; the others stay as they are."""

    def get(self, job_id: str, number: int) -> Chunk | None:
        """The chunk as it now is."""

    def get_many(self, job_id: str, numbers: Sequence[int]) -> list[Chunk]:
        """Those of the chunks that exist, in the order of their numbers."""

    def statuses(self, job_id: str, numbers: Sequence[int]) -> Mapping[int, ChunkStatuses]:
        """Of those of the chunks that exist; for thousands of them."""

    def put(self, chunk: Chunk) -> None:
        """Write it over the version before its own; raise WriteConflict if that is not there."""

    def put_part(
        self, key: PartKey, outcomes: Sequence[Outcome], *, origin: Origin, expires_at: int
    ) -> None:
        """Write a part, once: the first of its key stays."""

    def part_upload(self, key: PartKey, size: int, *, origin: Origin, seconds: int) -> UploadLink:
        """Let a worker write a part of `size` bytes and this origin itself, once, for so long."""

    def parts(self, keys: Iterable[PartKey]) -> Mapping[PartKey, Sequence[Outcome]]:
        """The outcomes of those parts that exist."""

    def whole_parts(self, keys: Iterable[PartKey]) -> Mapping[PartKey, WholePart]:
        """Those parts that exist, each with its origin."""
