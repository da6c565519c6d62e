"""The sweep's state in memory."""

from __future__ import annotations

from shoal.domain.errors import WriteConflict
from shoal.domain.sweep_state import SweepState


class MemorySweepStore:
    """One state."""

    def __init__(self) -> None:
        self._state = SweepState()

    def get(self) -> SweepState:
        return self._state

    def put(self, state: SweepState) -> None:
        if state.version != self._state.version + 1:
            raise WriteConflict("sweep")
        self._state = state
