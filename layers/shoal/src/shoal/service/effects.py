"""Stores results of side effects; later attempts of a task read them and skip the call."""

import json
from dataclasses import dataclass

from shoal.domain.errors import InvalidRequest, WriteConflict
from shoal.domain.grid import Json
from shoal.ports.chunks import ChunkStore
from shoal.ports.effects import MAX_EFFECT_BYTES, EffectStore, KeptEffect
from shoal.service.task_lease import LeasedTask, lease_lost, leased_chunk


@dataclass(frozen=True, slots=True)
class Effects:
    """Effects for workers; every access requires the task's lease."""

    chunks: ChunkStore
    effects: EffectStore

    def recall(self, task: LeasedTask, key: str) -> KeptEffect | None:
        """Return the effect stored under the key; raise IllegalMove if the lease is lost."""
        leased_chunk(self.chunks, task)
        return self.effects.effect(task.job, task.index, key)

    def keep(self, task: LeasedTask, key: str, value: Json) -> KeptEffect:
        """Store a value once and return the stored one; raise IllegalMove if the lease is lost."""
        if _size(value) > MAX_EFFECT_BYTES:
            detail = f"an effect must not exceed {MAX_EFFECT_BYTES} bytes; use an artifact instead"
            raise InvalidRequest(detail, [("effect.value", detail)])
        chunk, kept = leased_chunk(self.chunks, task), KeptEffect(value)
        try:
            if self.effects.put_effect(chunk, task.index, key, kept):
                return kept
        except WriteConflict as error:
            raise lease_lost(task) from error
        return self.effects.effect(task.job, task.index, key) or kept


def _size(value: Json) -> int:
    """Return the size as JSON in bytes; raise InvalidRequest if the value is not JSON."""
    try:
        return len(json.dumps(value, allow_nan=False))
    except ValueError as error:
        detail = "NaN and Infinity are not JSON"
        raise InvalidRequest(detail, [("effect.value", detail)]) from error
