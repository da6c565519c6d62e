"""Objects in memory."""

from __future__ import annotations

from collections.abc import Iterator

from shoal.adapters.lines import lines_of
from shoal.adapters.memory.restorable import Restorable
from shoal.domain.errors import InputsNotFound
from shoal.ports.blobs import UploadLink


class MemoryBlobStore(Restorable):
    """Objects of one bucket."""

    def __init__(self, bucket: str = "inputs") -> None:
        self._bucket = bucket
        self._objects: dict[str, bytes] = {}

    def put(self, key: str, body: bytes) -> None:
        self._objects[key] = body

    def copy(self, source: str, target: str) -> None:
        self.put(target, self._body(source))

    def lines(self, key: str) -> Iterator[bytes]:
        return lines_of([self._body(key)])

    def read(self, key: str, first: int, length: int) -> bytes:
        return self._body(key)[first : first + length]

    def size(self, key: str) -> int | None:
        return len(self._objects[key]) if key in self._objects else None

    def link(self, key: str, *, seconds: int) -> str:
        return f"memory://{self._bucket}/{key}?read={seconds}"

    def upload_link(self, key: str, *, seconds: int, size: int | None = None) -> UploadLink:
        sized = "" if size is None else f"&size={size}"
        return UploadLink(f"memory://{self._bucket}/{key}?write={seconds}{sized}", {})

    def uri(self, key: str) -> str:
        return f"s3://{self._bucket}/{key}"

    def key_of(self, uri: str) -> str | None:
        prefix = self.uri("")
        return uri.removeprefix(prefix) if uri.startswith(prefix) and uri != prefix else None

    def _body(self, key: str) -> bytes:
        try:
            return self._objects[key]
        except KeyError as error:
            raise InputsNotFound(self.uri(key)) from error
