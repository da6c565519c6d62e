"""Storage of chunks and of the outcomes of their tasks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

from shoal.domain.chunk import Chunk
from shoal.domain.outcome import Origin, Outcome, PartKey, WholePart
from shoal.ports.blobs import UploadLink


class ChunkStatuses(NamedTuple):
    """The statuses of a chunk's tasks, one letter each."""

    generation: int
    statuses: str


class ChunkStore(Protocol):
    """Chunks and parts of outcomes."""

    def create(self, chunks: Sequence[Chunk]) -> None:
        """Write the chunks that do not exist; existing ones stay unchanged."""

    def get(self, job_id: str, number: int) -> Chunk | None:
        """Return the current chunk."""

    def get_many(self, job_id: str, numbers: Sequence[int]) -> list[Chunk]:
        """Return the existing chunks, in the order of their numbers."""

    def statuses(self, job_id: str, numbers: Sequence[int]) -> Mapping[int, ChunkStatuses]:
        """Return the statuses of the existing chunks; suitable for thousands of them."""

    def put(self, chunk: Chunk) -> None:
        """Write it over its previous version and not over a later generation.

        Raises WriteConflict if another write came first.
        """

    def put_part(
        self, key: PartKey, outcomes: Sequence[Outcome], *, origin: Origin, expires_at: int
    ) -> None:
        """Write a part, once: the first with its key stays."""

    def part_upload(self, key: PartKey, size: int, *, origin: Origin, seconds: int) -> UploadLink:
        """Return a link with which a worker writes a part of this size and origin, once."""

    def has_upload(self, key: PartKey) -> bool:
        """Return whether a worker has uploaded this part."""

    def parts(self, keys: Iterable[PartKey]) -> Mapping[PartKey, Sequence[Outcome]]:
        """Return the outcomes of the existing parts."""

    def whole_parts(self, keys: Iterable[PartKey]) -> Mapping[PartKey, WholePart]:
        """Return the existing parts, each with its origin."""
