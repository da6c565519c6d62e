"""Files of tasks, in memory."""

from __future__ import annotations

from hashlib import sha256

from shoal.adapters.memory.restorable import Restorable
from shoal.ports.artifacts import StoredArtifact
from shoal.ports.blobs import UploadLink


class MemoryArtifactStore(Restorable):
    """Files of tasks; tests write them, as workers would through links."""

    def __init__(self) -> None:
        self._objects: dict[str, bytes] = {}

    def put(self, key: str, body: bytes) -> None:
        """Write a file."""
        self._objects[key] = body

    def upload_link(self, key: str, size: int, *, seconds: int) -> UploadLink:
        body = self._objects.get(key)
        condition = {"If-None-Match": "*"}
        if body is not None:
            condition = {"If-Match": f'"{sha256(body).hexdigest()}"'}
        return UploadLink(f"memory://results/{key}?size={size}&write={seconds}", condition)

    def stored(self, prefix: str) -> list[StoredArtifact]:
        found = sorted(key for key in self._objects if key.startswith(prefix))
        return [StoredArtifact(key, len(self._objects[key])) for key in found]

    def link(self, key: str, *, seconds: int) -> str:
        return f"memory://results/{key}?read={seconds}"

    def uri(self, key: str) -> str:
        return f"s3://results/{key}"
