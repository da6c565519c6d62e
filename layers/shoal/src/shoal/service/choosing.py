"""Which tasks of a chunk a generation runs again, by what the job's selection says."""

from collections.abc import Collection, Iterable

from shoal.domain.cause import cause_of
from shoal.domain.chunk import Chunk
from shoal.domain.counts import TaskStatus
from shoal.domain.job import Job
from shoal.domain.outcome import TaskError
from shoal.ports import ChunkStore

type Failed = tuple[Chunk, list[int]]
"""A chunk, and the positions of tasks of it that failed."""


def chosen(chunks: ChunkStore, job: Job, chunk: Chunk) -> Collection[int] | None:
    """The positions that are run again; None if all are that did not complete."""
    selection = job.selection
    if selection is None:
        return None
    failed = [
        offset
        for offset in range(chunk.size)
        if chunk.status_of(offset) is TaskStatus.FAILED and selection.names(chunk.first + offset)
    ]
    if selection.cause is None or not failed:
        return failed
    errors = errors_of(chunks, [(chunk, failed)])
    return [
        offset
        for offset, error in zip(failed, errors, strict=True)
        if cause_of(job.spec.task_type, error).fingerprint == selection.cause
    ]


def errors_of(chunks: ChunkStore, failed: Iterable[Failed]) -> list[TaskError | None]:
    """What each of these tasks failed of, in their order; None where it is not kept any more."""
    places = [
        (chunk.first + offset, chunk.part_of(offset))
        for chunk, offsets in failed
        for offset in offsets
    ]
    keys = {key for _, key in places if key is not None}
    kept = {
        (outcome.index, key): outcome.error
        for key, part in (chunks.parts(keys) if keys else {}).items()
        for outcome in part
    }
    return [None if key is None else kept.get((index, key)) for index, key in places]
