"""Where a task's input comes from: its index, a cell of a grid, or a line of an object."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from shoal.domain.chunk import Chunk, Span
from shoal.domain.grid import Grid, Json
from shoal.domain.job import Job, Lines
from shoal.ports import BlobStore

INLINE_BYTES = 262_144
LINK_SECONDS = 3_600


@dataclass(frozen=True, slots=True)
class Placed:
    """Inputs too large to inline: the bytes `span` of what `url` reads, a line a task."""

    url: str
    span: Span


@dataclass(frozen=True, slots=True)
class Inputs:
    """Reads the inputs of a chunk's tasks. A task's whole input is `{**params, **its own}`."""

    blobs: BlobStore

    def own(self, job: Job, chunk: Chunk, offsets: Sequence[int]) -> list[dict[str, Json]] | Placed:
        """The own inputs of the tasks at these positions, or the place of all the chunk's."""
        source = job.spec.source
        if isinstance(source, Grid):
            return [source.cell(chunk.first + offset) for offset in offsets]
        if not isinstance(source, Lines) or chunk.span is None:
            return [{} for _ in offsets]
        if chunk.span.length > INLINE_BYTES:
            return Placed(self.blobs.link(source.key, seconds=LINK_SECONDS), chunk.span)
        lines = self._lines(source, chunk.span)
        return [lines[offset] for offset in offsets]

    def whole(self, job: Job, chunk: Chunk, offset: int) -> dict[str, Json]:
        """All of one task's input."""
        source, own = job.spec.source, dict[str, Json]()
        if isinstance(source, Grid):
            own = source.cell(chunk.first + offset)
        elif isinstance(source, Lines) and chunk.span is not None:
            own = self._lines(source, chunk.span)[offset]
        return {**job.spec.params, **own}

    def _lines(self, source: Lines, span: Span) -> list[dict[str, Json]]:
        text = self.blobs.read(source.key, *span).removesuffix(b"\n")
        return [json.loads(line) for line in text.split(b"\n")]
