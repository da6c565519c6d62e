"""Selects the failed tasks that a retry runs, by its selection and the job's discards."""

from collections.abc import Collection, Iterable, Sequence

from shoal.domain.cause import cause_of
from shoal.domain.chunk import Chunk
from shoal.domain.counts import TaskStatus
from shoal.domain.job import Job
from shoal.domain.outcome import TaskError
from shoal.domain.selection import Selection
from shoal.ports.chunks import ChunkStore

type FailedPositions = tuple[Chunk, list[int]]
"""A chunk, and the positions of its failed tasks."""


def positions_to_run(chunks: ChunkStore, job: Job, chunk: Chunk) -> Collection[int] | None:
    """Return the positions that the generation retries; None for all that did not complete."""
    selection = job.selection
    if selection is None:
        return None
    ((_, failed),) = selected_failures(chunks, job, [chunk], selection)
    if not selection.whole:
        return failed
    ended = (TaskStatus.COMPLETED, TaskStatus.FAILED)
    return [*failed, *(i for i in range(chunk.size) if chunk.status_of(i) not in ended)]


def selected_failures(
    chunks: ChunkStore, job: Job, rows: Sequence[Chunk], selection: Selection
) -> list[FailedPositions]:
    """Return the failed tasks of these chunks that the selection retries, by chunk.

    Discarded tasks are retried only if the selection names their index or their cause.
    """
    failed = [(chunk, list(_failed(chunk, selection))) for chunk in rows]
    discards = job.discards if selection.whole else ()
    if selection.cause is None and not discards:
        return failed
    errors = iter(errors_of(chunks, failed))
    found = []
    for chunk, offsets in failed:
        kept = []
        for offset in offsets:
            cause = cause_of(job.spec.task_type, next(errors)).fingerprint
            index = chunk.first + offset
            if selection.takes(index, cause) and not (discards and job.discarded(index, cause)):
                kept.append(offset)
        found.append((chunk, kept))
    return found


def _failed(chunk: Chunk, selection: Selection) -> Iterable[int]:
    return (
        offset
        for offset in range(chunk.size)
        if chunk.status_of(offset) is TaskStatus.FAILED and selection.names(chunk.first + offset)
    )


def errors_of(chunks: ChunkStore, failed: Iterable[FailedPositions]) -> list[TaskError | None]:
    """Return the error of each of these tasks, in order; None if it has expired."""
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
