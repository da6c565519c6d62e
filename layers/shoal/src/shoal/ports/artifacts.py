"""Storage of the files of tasks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from shoal.ports.blobs import UploadLink


class StoredArtifact(NamedTuple):
    """An object of a task: its key and its size in bytes."""

    key: str
    size: int


class ArtifactStore(Protocol):
    """Files of tasks, in the results bucket."""

    def upload_link(self, key: str, size: int, *, seconds: int) -> UploadLink:
        """Return a link for one PUT of this size, which replaces the object that exists now.

        After a PUT, the link writes nothing else, so that a stored file does not change later.
        """

    def stored(self, prefix: str) -> Sequence[StoredArtifact]:
        """Return the objects under a prefix, at most a thousand."""

    def link(self, key: str, *, seconds: int) -> str:
        """Return a URL that reads the object, valid for the given seconds."""

    def uri(self, key: str) -> str:
        """Return its URI, `s3://bucket/key`."""
