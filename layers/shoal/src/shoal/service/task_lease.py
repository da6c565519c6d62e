"""Checks that a worker still runs a task under its chunk's lease, before it may write for it."""

from dataclasses import dataclass, field

from shoal.domain.chunk import Chunk
from shoal.domain.counts import TaskStatus
from shoal.domain.errors import IllegalMove
from shoal.ports.chunks import ChunkStore


@dataclass(frozen=True, slots=True)
class LeasedTask:
    """The lease under which a worker runs a task, with its token if it has one."""

    worker: str
    job: str
    chunk: int
    epoch: int
    index: int
    token: str | None = field(default=None, repr=False)


def leased_chunk(chunks: ChunkStore, task: LeasedTask) -> Chunk:
    """Return the chunk; raise IllegalMove unless the worker runs the task under this epoch."""
    chunk = chunks.get(task.job, task.chunk)
    if chunk is None or chunk.epoch != task.epoch or chunk.lease is None:
        raise lease_lost(task)
    if not chunk.held_by(task.worker, task.token):
        raise lease_lost(task)
    offset = task.index - chunk.first
    if not 0 <= offset < chunk.size or chunk.status_of(offset) is not TaskStatus.RUNNING:
        raise lease_lost(task)
    return chunk


def lease_lost(task: LeasedTask) -> IllegalMove:
    """Return the error for a worker that has lost its lease."""
    return IllegalMove(f"task {task.job}.{task.index} is not running at epoch {task.epoch}")
