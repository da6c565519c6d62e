"""Creates links to the files of tasks. Workers need the task's lease for a link."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from shoal.ports.artifacts import ArtifactStore
from shoal.ports.blobs import UploadLink
from shoal.ports.chunks import ChunkStore
from shoal.service.task_lease import LeasedTask, leased_chunk

if TYPE_CHECKING:
    from shoal.service.task_queries import TaskQueries  # slow import, for user requests only

LINK_SECONDS: Final = 900


class Artifact(NamedTuple):
    """A file of a task, with a link to download it."""

    name: str
    size: int
    url: str


@dataclass(frozen=True, slots=True)
class ArtifactLinks:
    """Links for workers, and for users who read the files of a task."""

    chunks: ChunkStore
    artifacts: ArtifactStore
    task_queries: TaskQueries

    def for_upload(self, task: LeasedTask, name: str, size: int) -> tuple[str, UploadLink]:
        """Return the URI of an artifact of this attempt, and the link to upload it."""
        leased_chunk(self.chunks, task)
        key = f"{_prefix(task.job, task.index)}{task.epoch}/{name}"
        return self.artifacts.uri(key), self.artifacts.upload_link(key, size, seconds=LINK_SECONDS)

    def for_download(self, task: LeasedTask, name: str) -> str | None:
        """Return the link to download the artifact, from the latest attempt that stored one."""
        leased_chunk(self.chunks, task)
        stored = self.artifacts.stored(_prefix(task.job, task.index))
        named = [each.key for each in stored if each.key.endswith(f"/{name}")]
        latest = max(named, key=_epoch, default=None)
        return None if latest is None else self.artifacts.link(latest, seconds=LINK_SECONDS)

    def of_task(self, tenant: str, task_id: str) -> Sequence[Artifact]:
        """Return the artifacts of the attempt whose outcome counts; none until there is one."""
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
