"""What tasks keep beyond their attempt: outcomes of side effects, and artifacts.

Every write is under the fence: only the worker that holds the chunk's lease can make it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from shoal.domain.chunk import Chunk
from shoal.domain.counts import TaskStatus
from shoal.domain.errors import IllegalMove, InvalidRequest, WriteConflict
from shoal.domain.grid import Json
from shoal.ports.blobs import UploadLink
from shoal.ports.chunks import ChunkStore
from shoal.ports.keepsakes import MAX_EFFECT_BYTES, ArtifactStore, EffectStore, Keepsake

if TYPE_CHECKING:
    from shoal.service.task_queries import (
        TaskQueries,  # workers never read tasks; it costs their start
    )

LINK_SECONDS: Final = 900


@dataclass(frozen=True, slots=True)
class TaskRef:
    """A task as the worker that runs it names it."""

    worker: str
    job: str
    chunk: int
    epoch: int
    index: int


class Artifact(NamedTuple):
    """A file of a task, and where to read it."""

    name: str
    size: int
    url: str


@dataclass(frozen=True, slots=True)
class Keeping:
    """For workers, and for users who read what was kept."""

    chunks: ChunkStore
    effects: EffectStore
    artifacts: ArtifactStore
    task_queries: TaskQueries

    def recall(self, task: TaskRef, key: str) -> Keepsake | None:
        """What is kept under the key; IllegalMove if the lease is lost."""
        self._held(task)
        return self.effects.effect(task.job, task.index, key)

    def keep(self, task: TaskRef, key: str, value: Json) -> Keepsake:
        """Keep a value, once; what is kept then. IllegalMove if the lease is lost."""
        if _size(value) > MAX_EFFECT_BYTES:
            detail = f"an effect keeps {MAX_EFFECT_BYTES} bytes at most; artifacts hold more"
            raise InvalidRequest(detail, [("effect.value", detail)])
        chunk, kept = self._held(task), Keepsake(value)
        try:
            if self.effects.put_effect(chunk, task.index, key, kept):
                return kept
        except WriteConflict as error:
            raise _lost(task) from error
        return self.effects.effect(task.job, task.index, key) or kept

    def place(self, task: TaskRef, name: str, size: int) -> tuple[str, UploadLink]:
        """URI of an artifact of this attempt, and where to PUT it."""
        self._held(task)
        key = f"{_prefix(task.job, task.index)}{task.epoch}/{name}"
        return self.artifacts.uri(key), self.artifacts.place(key, size, seconds=LINK_SECONDS)

    def find(self, task: TaskRef, name: str) -> str | None:
        """Where to GET the artifact of this name of the latest attempt that stored one."""
        self._held(task)
        stored = self.artifacts.stored(_prefix(task.job, task.index))
        named = [each.key for each in stored if each.key.endswith(f"/{name}")]
        latest = max(named, key=_epoch, default=None)
        return None if latest is None else self.artifacts.link(latest, seconds=LINK_SECONDS)

    def of_task(self, tenant: str, task_id: str) -> Sequence[Artifact]:
        """The artifacts of the attempt whose outcome counts; none before there is one."""
        job, chunk, offset = self.task_queries.find(tenant, task_id)
        part = None if chunk is None else chunk.part_of(offset)
        if chunk is None or part is None:
            return []
        prefix = f"{_prefix(job.id, chunk.first + offset)}{part.epoch}/"
        return [
            Artifact(
                each.key.removeprefix(prefix),
                each.size,
                self.artifacts.link(each.key, seconds=LINK_SECONDS),
            )
            for each in self.artifacts.stored(prefix)
        ]

    def _held(self, task: TaskRef) -> Chunk:
        """The chunk's row, if the task runs under this epoch."""
        chunk = self.chunks.get(task.job, task.chunk)
        if chunk is None or chunk.epoch != task.epoch or chunk.lease is None:
            raise _lost(task)
        if chunk.leased_by_other(task.worker):
            raise _lost(task)
        offset = task.index - chunk.first
        if not 0 <= offset < chunk.size or chunk.status_of(offset) is not TaskStatus.RUNNING:
            raise _lost(task)
        return chunk


def _size(value: Json) -> int:
    """Bytes as JSON; raise InvalidRequest if it is none."""
    try:
        return len(json.dumps(value, allow_nan=False))
    except ValueError as error:
        detail = "NaN and Infinity are not JSON"
        raise InvalidRequest(detail, [("effect.value", detail)]) from error


def _lost(task: TaskRef) -> IllegalMove:
    return IllegalMove(f"task {task.job}.{task.index} does not run at epoch {task.epoch}")


def _prefix(job_id: str, index: int) -> str:
    return f"artifacts/{job_id}/{index}/"


def _epoch(key: str) -> int:
    return int(key.split("/")[3])
