"""State that can be saved and restored."""

from __future__ import annotations

from typing import Any

type State = dict[str, dict[Any, Any]]


class Restorable:
    """State in dict attributes with immutable keys and values."""

    def snapshot(self) -> State:
        """Return a copy of the state."""
        return {name: dict(rows) for name, rows in vars(self).items() if isinstance(rows, dict)}

    def restore(self, state: State) -> None:
        """Restore a snapshot."""
        for name, rows in state.items():
            setattr(self, name, dict(rows))
