"""Where inputs are kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple, Protocol


class UploadLink(NamedTuple):
    """Where to PUT an object, once; the headers go with it as they are."""

    url: str
    headers: Mapping[str, str]


class BlobStore(Protocol):
    """Inputs: objects of JSON Lines."""

    def put(self, key: str, body: bytes) -> None:
        """Write an object."""

    def lines(self, key: str) -> Iterator[bytes]:
        """Its lines as they stream in, cut at newlines alone; raise InputsNotFound if not there."""

    def read(self, key: str, first: int, length: int) -> bytes:
        """A run of its bytes."""

    def size(self, key: str) -> int | None:
        """Its length in bytes, or None if it is not there."""

    def link(self, key: str, *, seconds: int) -> str:
        """A URL that reads it, for so long."""

    def upload_link(self, key: str, *, seconds: int) -> UploadLink:
        """Where to PUT it, once and for so long: what was read of it must not change later."""

    def uri(self, key: str) -> str:
        """Its public name, `s3://bucket/key`."""

    def key_of(self, uri: str) -> str | None:
        """The key in a public name, or None if it names another place."""
