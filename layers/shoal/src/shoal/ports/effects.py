"""Storage of the return values of side effects."""

from __future__ import annotations

from typing import Final, NamedTuple, Protocol

from shoal.domain.chunk import Chunk
from shoal.domain.grid import Json

MAX_EFFECT_BYTES: Final = 32_768


class KeptEffect(NamedTuple):
    """The return value of a side effect: a JSON value, which may be null."""

    value: Json


class EffectStore(Protocol):
    """Return values of side effects, by task and key."""

    def effect(self, job_id: str, index: int, key: str) -> KeptEffect | None:
        """Return the stored value of a key."""

    def put_effect(self, chunk: Chunk, index: int, key: str, kept: KeptEffect) -> bool:
        """Store it unless a value is stored; return whether it was written.

        Raises WriteConflict if the chunk's row is not leased at the epoch of `chunk`.
        """
