"""Files that tasks store. Workers get links under the fence of the task's lease."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from shoal.ports.artifacts import ArtifactStore
from shoal.ports.blobs import UploadLink
from shoal.ports.chunks import ChunkStore
from shoal.service.task_lease import LeasedTask, leased_chunk

if TYPE_CHECKING:
    from shoal.service.task_queries import TaskQueries  # only users need it, and its import costs

LINK_SECONDS: Final = 900


class Artifact(NamedTuple):
    """A file of a task, and where to read it."""

    name: str
    size: int
    url: str


@dataclass(frozen=True, slots=True)
class ArtifactLinks:
    """For workers, and for users who read what a task stored."""

    chunks: ChunkStore
    artifacts: ArtifactStore
    task_queries: TaskQueries

    def for_upload(self, task: LeasedTask, name: str, size: int) -> tuple[str, UploadLink]:
        """URI of an artifact of this attempt, and where to PUT it."""
        leased_chunk(self.chunks, task)
        key = f"{_prefix(task.job, task.index)}{task.epoch}/{name}"
        return self.artifacts.uri(key), self.artifacts.upload_link(key, size, seconds=LINK_SECONDS)

    def for_download(self, task: LeasedTask, name: str) -> str | None:
        """Where to GET the artifact of this name of the latest attempt that stored one."""
        leased_chunk(self.chunks, task)
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


def _prefix(job_id: str, index: int) -> str:
    return f"artifacts/{job_id}/{index}/"


def _epoch(key: str) -> int:
    return int(key.split("/")[3])
