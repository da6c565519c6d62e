"""Storage of the sweep's state."""

from __future__ import annotations

from typing import Protocol

from shoal.domain.sweep_state import SweepState


class SweepStore(Protocol):
    """The state of the sweep."""

    def get(self) -> SweepState:
        """Return the current state."""

    def put(self, state: SweepState) -> None:
        """Write it over its previous version; raise WriteConflict if another write came first."""
