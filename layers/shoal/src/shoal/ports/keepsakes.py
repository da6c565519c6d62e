"""Where tasks keep what is not to be done or made again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol

from shoal.domain.chunk import Chunk
from shoal.domain.grid import Json
from shoal.ports.blobs import UploadLink

MAX_EFFECT_BYTES: Final = 32_768


class Keepsake(NamedTuple):
    """What a task keeps beyond its attempt: a JSON value, which may be null."""

    value: Json


class EffectStore(Protocol):
    """Outcomes of side effects, by task and key."""

    def effect(self, job_id: str, index: int, key: str) -> Keepsake | None:
        """What is kept under the key."""

    def put_effect(self, chunk: Chunk, index: int, key: str, kept: Keepsake) -> bool:
        """Keep it, unless something is; whether it was written.

        Raises WriteConflict if the chunk's row is not leased at the epoch of this one.
        """


class StoredArtifact(NamedTuple):
    """An object of a task: its key, and its size in bytes."""

    key: str
    size: int


class ArtifactStore(Protocol):
    """Files of tasks, in the results bucket."""

    def place(self, key: str, size: int, *, seconds: int) -> UploadLink:
        """Let a worker write it, for so long; what was there is replaced."""

    def stored(self, prefix: str) -> Sequence[StoredArtifact]:
        """What there is below a prefix, up to a thousand."""

    def link(self, key: str, *, seconds: int) -> str:
        """A URL that reads it, for so long."""

    def uri(self, key: str) -> str:
        """Its public name, `s3://bucket/key`."""
