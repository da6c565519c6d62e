"""Where the files of tasks are stored."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from shoal.ports.blobs import UploadLink


class StoredArtifact(NamedTuple):
    """An object of a task: its key, and its size in bytes."""

    key: str
    size: int


class ArtifactStore(Protocol):
    """Files of tasks, in the results bucket."""

    def upload_link(self, key: str, size: int, *, seconds: int) -> UploadLink:
        """Let a worker write it, for so long; what was there is replaced."""

    def stored(self, prefix: str) -> Sequence[StoredArtifact]:
        """What there is below a prefix, up to a thousand."""

    def link(self, key: str, *, seconds: int) -> str:
        """A URL that reads it, for so long."""

    def uri(self, key: str) -> str:
        """Its public name, `s3://bucket/key`."""
