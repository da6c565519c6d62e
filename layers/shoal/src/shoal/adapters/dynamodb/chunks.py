"""Chunks and parts in the tasks table, and large parts in the results bucket."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from shoal.adapters.parallel import in_parallel
from shoal.adapters.rows.attributes import number, text
from shoal.adapters.rows.chunks import (
    STATUS_ATTRIBUTES,
    chunk_id,
    chunk_of,
    chunk_row,
    follows,
    statuses_of,
)
from shoal.adapters.rows.origins import (
    origin_attributes,
    origin_metadata,
    origin_of,
    origin_of_metadata,
)
from shoal.adapters.rows.parts import pack_part, unpack_part
from shoal.domain.chunk import Chunk
from shoal.domain.errors import WriteConflict
from shoal.domain.outcome import Origin, Outcome, PartKey, WholePart
from shoal.ports.blobs import UploadLink
from shoal.ports.chunks import ChunkStatuses

if TYPE_CHECKING:
    from shoal.adapters.dynamodb.table import Table
    from shoal.adapters.s3 import ObjectBucket

LARGEST_ROW: Final = 8_192
"""Largest packed part in the table, in bytes; above it, an S3 write costs less."""


class DynamoChunkStore:
    """One row per chunk and per part. A part that is not in the table is read from the bucket."""

    def __init__(self, tasks: Table, results: ObjectBucket) -> None:
        self._tasks = tasks
        self._results = results

    def create(self, chunks: Sequence[Chunk]) -> None:
        self._tasks.put_all_new(map(chunk_row, chunks))

    def get(self, job_id: str, number: int) -> Chunk | None:
        row = self._tasks.get(chunk_id(job_id, number))
        return None if row is None else chunk_of(row)

    def get_many(self, job_id: str, numbers: Sequence[int]) -> list[Chunk]:
        rows = self._tasks.get_many(chunk_id(job_id, number) for number in numbers)
        return sorted(map(chunk_of, rows.values()), key=lambda chunk: chunk.number)

    def statuses(self, job_id: str, numbers: Sequence[int]) -> Mapping[int, ChunkStatuses]:
        names = {chunk_id(job_id, number): number for number in numbers}
        rows = self._tasks.get_many(names, only=STATUS_ATTRIBUTES)
        return {names[name]: statuses_of(row) for name, row in rows.items()}

    def put(self, chunk: Chunk) -> None:
        if not self._tasks.put_if(chunk_row(chunk), *follows(chunk)):
            raise WriteConflict(chunk_id(chunk.job, chunk.number))

    def put_part(
        self, key: PartKey, outcomes: Sequence[Outcome], *, origin: Origin, expires_at: int
    ) -> None:
        packed = pack_part(outcomes)
        if len(packed) > LARGEST_ROW:
            from shoal.adapters.rows.uploads import encode_part  # noqa: PLC0415 - imports pydantic

            self._results.put_new(str(key), encode_part(outcomes), origin_metadata(origin))
            return
        self._tasks.put_new(
            {
                "id": text(str(key)),
                "o": {"B": packed},
                "expires_at": number(expires_at),
                **origin_attributes(origin),
            }
        )

    def part_upload(self, key: PartKey, size: int, *, origin: Origin, seconds: int) -> UploadLink:
        return self._results.upload_new(
            str(key), seconds=seconds, size=size, metadata=origin_metadata(origin)
        )

    def has_upload(self, key: PartKey) -> bool:
        return self._results.exists(str(key))

    def parts(self, keys: Iterable[PartKey]) -> Mapping[PartKey, Sequence[Outcome]]:
        return {key: part.outcomes for key, part in self.whole_parts(keys).items()}

    def whole_parts(self, keys: Iterable[PartKey]) -> Mapping[PartKey, WholePart]:
        names = {str(key): key for key in keys}
        parts = {
            names[row_id]: WholePart(unpack_part(row["o"]["B"]), origin_of(row))
            for row_id, row in self._tasks.get_many(names).items()
        }
        elsewhere = {name: key for name, key in names.items() if key not in parts}
        if elsewhere:
            from shoal.adapters.rows.uploads import decode_part  # noqa: PLC0415 - as above
            from shoal.wire.worker import MAX_PART_BYTES  # noqa: PLC0415 - as above

            read = partial(self._results.get, most=MAX_PART_BYTES)
            found = in_parallel(read, elsewhere)
            parts |= {
                key: WholePart(decode_part(stored.body), origin_of_metadata(stored.metadata))
                for key, stored in zip(elsewhere.values(), found, strict=True)
                if stored is not None
            }
        return parts
