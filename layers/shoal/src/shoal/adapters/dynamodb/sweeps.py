"""The sweep's state in the registry, one row."""

from __future__ import annotations

from typing import Final

from shoal.adapters.dynamodb.registry import Registry
from shoal.adapters.rows.attributes import Row, float_of, int_of, number, text, text_of
from shoal.domain.errors import WriteConflict
from shoal.domain.sweep_state import SweepState

_KEY: Final = ("sweep", "state")


class DynamoSweepStore:
    """Writes are conditional on the version."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def get(self) -> SweepState:
        row = self._registry.get(*_KEY)
        if row is None:
            return SweepState()
        return SweepState(
            cursor=text_of(row, "cursor") or None,
            locked_until=float_of(row, "locked_until"),
            version=int_of(row, "v"),
        )

    def put(self, state: SweepState) -> None:
        row: Row = {
            **self._registry.key(*_KEY),
            **({} if state.cursor is None else {"cursor": text(state.cursor)}),
            "locked_until": number(state.locked_until),
            "v": number(state.version),
        }
        condition, given = "v = :before", {":before": number(state.version - 1)}
        if state.version == 1:
            condition, given = "attribute_not_exists(pk)", {}
        if not self._registry.put_if(row, condition, given):
            raise WriteConflict("sweep")
