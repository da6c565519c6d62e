"""Reads the inputs of tasks: computed from a count or a grid, or lines of an S3 object."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from shoal.domain.chunk import Chunk, Span
from shoal.domain.errors import InputsNotFound
from shoal.domain.grid import Grid, Json
from shoal.domain.job import Job, Lines
from shoal.ports.blobs import BlobStore

INLINE_BYTES = 262_144
"""Most bytes of a chunk's lines in a lease response; larger inputs are returned as a link."""
READ_BYTES = 1_048_576
"""Most bytes of adjacent chunks per read."""
LINK_SECONDS = 3_600


@dataclass(frozen=True, slots=True)
class LinkedInputs:
    """Inputs that are not inlined: the byte range `span` of `url`, one line per task."""

    url: str
    span: Span


@dataclass(frozen=True, slots=True)
class Inputs:
    """The inputs of tasks. The complete input of a task is `{**params, **own}`."""

    blobs: BlobStore

    def own_inputs(
        self, job: Job, chunk: Chunk, offsets: Sequence[int]
    ) -> list[dict[str, Json]] | LinkedInputs:
        """Return the individual inputs of the tasks at these positions, or a link to them.

        If the object no longer exists, the link is returned too. The worker then fails only these
        tasks.
        """
        source = job.spec.source
        if isinstance(source, Grid):
            return [source.cell(chunk.first + offset) for offset in offsets]
        if not isinstance(source, Lines) or chunk.span is None:
            return [{} for _ in offsets]
        if chunk.span.length <= INLINE_BYTES:
            with suppress(InputsNotFound):
                lines = _lines(self.blobs.read(source.key, *chunk.span))
                return [lines[offset] for offset in offsets]
        return LinkedInputs(self.blobs.link(source.key, seconds=LINK_SECONDS), chunk.span)

    def full_inputs(
        self, job: Job, places: Iterable[tuple[Chunk, int]]
    ) -> Iterator[Mapping[str, Json] | None]:
        """Yield the complete inputs of tasks, in order.

        An input is None if the inputs of its chunk are too large to show or have expired.
        """
        source, params = job.spec.source, job.spec.params
        if isinstance(source, Grid):
            for chunk, offset in places:
                yield {**params, **source.cell(chunk.first + offset)}
        elif isinstance(source, Lines):
            places = list(places)
            lines = self._read(source, {chunk.number: chunk for chunk, _ in places}.values())
            for chunk, offset in places:
                own = lines.get(chunk.number)
                yield None if own is None else {**params, **own[offset]}
        else:
            for _ in places:
                yield params

    def _read(self, source: Lines, chunks: Iterable[Chunk]) -> dict[int, list[dict[str, Json]]]:
        found = {}
        for run in _neighbours(chunks):
            spans = [chunk.span for chunk in run if chunk.span is not None]
            first = spans[0].first
            try:
                body = self.blobs.read(source.key, first, sum(span.length for span in spans))
            except InputsNotFound:
                return {}
            for chunk, span in zip(run, spans, strict=True):
                begin = span.first - first
                found[chunk.number] = _lines(body[begin : begin + span.length])
        return found


def _neighbours(chunks: Iterable[Chunk]) -> Iterator[list[Chunk]]:
    """Yield runs of chunks with adjacent lines, each small enough for one read."""
    run: list[Chunk] = []
    end = length = 0
    for chunk in chunks:
        span = chunk.span
        if span is None or span.length > READ_BYTES:
            continue
        if run and (span.first != end or length + span.length > READ_BYTES):
            yield run
            run, length = [], 0
        run.append(chunk)
        end, length = span.first + span.length, length + span.length
    if run:
        yield run


def _lines(text: bytes) -> list[dict[str, Json]]:
    return [json.loads(line) for line in text.removesuffix(b"\n").split(b"\n")]
