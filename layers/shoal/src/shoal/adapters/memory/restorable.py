"""State that can be copied and put back."""

from __future__ import annotations

from typing import Any

type State = dict[str, dict[Any, Any]]


class Restorable:
    """State in dicts, each an attribute; their keys and values are immutable."""

    def snapshot(self) -> State:
        """A copy of all that is stored."""
        return {name: dict(rows) for name, rows in vars(self).items() if isinstance(rows, dict)}

    def restore(self, state: State) -> None:
        """Store what a snapshot held, and nothing else."""
        for name, rows in state.items():
            setattr(self, name, dict(rows))
