"""Outcomes of side effects, which a later attempt of a task gets in place of another call."""

import json
from dataclasses import dataclass

from shoal.domain.errors import InvalidRequest, WriteConflict
from shoal.domain.grid import Json
from shoal.ports.chunks import ChunkStore
from shoal.ports.effects import MAX_EFFECT_BYTES, EffectStore, KeptEffect
from shoal.service.task_lease import LeasedTask, lease_lost, leased_chunk


@dataclass(frozen=True, slots=True)
class Effects:
    """For workers. Every write is under the fence of the task's lease."""

    chunks: ChunkStore
    effects: EffectStore

    def recall(self, task: LeasedTask, key: str) -> KeptEffect | None:
        """What is kept under the key; IllegalMove if the lease is lost."""
        leased_chunk(self.chunks, task)
        return self.effects.effect(task.job, task.index, key)

    def keep(self, task: LeasedTask, key: str, value: Json) -> KeptEffect:
        """Keep a value, once; what is kept then. IllegalMove if the lease is lost."""
        if _size(value) > MAX_EFFECT_BYTES:
            detail = f"an effect keeps {MAX_EFFECT_BYTES} bytes at most; artifacts hold more"
            raise InvalidRequest(detail, [("effect.value", detail)])
        chunk, kept = leased_chunk(self.chunks, task), KeptEffect(value)
        try:
            if self.effects.put_effect(chunk, task.index, key, kept):
                return kept
        except WriteConflict as error:
            raise lease_lost(task) from error
        return self.effects.effect(task.job, task.index, key) or kept


def _size(value: Json) -> int:
    """Bytes as JSON; raise InvalidRequest if it is none."""
    try:
        return len(json.dumps(value, allow_nan=False))
    except ValueError as error:
        detail = "NaN and Infinity are not JSON"
        raise InvalidRequest(detail, [("effect.value", detail)]) from error
