"""How far an export of results is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """Where the next turn goes on: at a task's index, None at the end; `parts` are written.

    The file is there once it is `whole`.
    """

    upload: str
    index: int | None = 0
    parts: tuple[str, ...] = ()
    results: int = 0
    missing: int = 0
    size: int = 0
    whole: bool = False

    def as_state(self) -> dict[str, Any]:
        """As the state machine carries it from turn to turn."""
        return {**asdict(self), "parts": list(self.parts), "more": not self.whole}

    @staticmethod
    def from_state(said: Mapping[str, Any]) -> Cursor | None:
        """What an earlier turn told; None before the first."""
        if "upload" not in said:
            return None
        fields = {name: value for name, value in said.items() if name != "more"}
        return Cursor(**fields | {"parts": tuple(said["parts"])})
