"""Storage of inputs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple, Protocol


class UploadLink(NamedTuple):
    """A URL for one PUT of an object; send the headers unchanged."""

    url: str
    headers: Mapping[str, str]


class BlobStore(Protocol):
    """Inputs, stored as JSON Lines objects."""

    def put(self, key: str, body: bytes) -> None:
        """Write an object."""

    def copy(self, source: str, target: str) -> None:
        """Copy an object; raise InputsNotFound if the source does not exist."""

    def lines(self, key: str) -> Iterator[bytes]:
        """Yield its lines, split at newlines only.

        Raises InputsNotFound if it does not exist, and InvalidRequest at a line that is too long.
        """

    def read(self, key: str, first: int, length: int) -> bytes:
        """Return a range of its bytes."""

    def size(self, key: str) -> int | None:
        """Return its length in bytes, or None if it does not exist."""

    def link(self, key: str, *, seconds: int) -> str:
        """Return a URL that reads the object, valid for the given seconds."""

    def upload_link(self, key: str, *, seconds: int, size: int | None = None) -> UploadLink:
        """Return a link for one PUT (of `size` bytes): a read object cannot change later."""

    def uri(self, key: str) -> str:
        """Return its URI, `s3://bucket/key`."""

    def key_of(self, uri: str) -> str | None:
        """Return the key of a URI, or None if it names another bucket."""
