"""Return values of side effects: one row of the tasks table per task and key."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from shoal.adapters.rows.attributes import number, text
from shoal.adapters.rows.chunks import chunk_id
from shoal.domain.chunk import Chunk
from shoal.ports.effects import KeptEffect

if TYPE_CHECKING:
    from shoal.adapters.dynamodb.table import Table


class DynamoEffectStore:
    """Writes a row in one transaction with a check of the chunk's epoch and lease."""

    def __init__(self, tasks: Table) -> None:
        self._tasks = tasks

    def effect(self, job_id: str, index: int, key: str) -> KeptEffect | None:
        row = self._tasks.get(_effect_id(job_id, index, key))
        return None if row is None else KeptEffect(json.loads(row["value"]["S"]))

    def put_effect(self, chunk: Chunk, index: int, key: str, kept: KeptEffect) -> bool:
        row = {
            "id": text(_effect_id(chunk.job, index, key)),
            "value": text(json.dumps(kept.value)),
            "expires_at": number(chunk.expires_at),
        }
        leased = "e = :epoch AND attribute_exists(l)"
        return self._tasks.put_new_if(
            row, chunk_id(chunk.job, chunk.number), leased, {":epoch": number(chunk.epoch)}
        )


def _effect_id(job_id: str, index: int, key: str) -> str:
    digest = hashlib.sha256(key.encode()).hexdigest()[:32]
    return f"{job_id}.{index}#effect#{digest}"
