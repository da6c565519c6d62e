"""Where the outcomes of side effects are kept."""

from __future__ import annotations

from typing import Final, NamedTuple, Protocol

from shoal.domain.chunk import Chunk
from shoal.domain.grid import Json

MAX_EFFECT_BYTES: Final = 32_768


class KeptEffect(NamedTuple):
    """The outcome of a side effect: a JSON value, which may be null."""

    value: Json


class EffectStore(Protocol):
    """Outcomes of side effects, by task and key."""

    def effect(self, job_id: str, index: int, key: str) -> KeptEffect | None:
        """What is kept under the key."""

    def put_effect(self, chunk: Chunk, index: int, key: str, kept: KeptEffect) -> bool:
        """Keep it, unless something is; whether it was written.

        Raises WriteConflict if the chunk's row is not leased at the epoch of this one.
        """
