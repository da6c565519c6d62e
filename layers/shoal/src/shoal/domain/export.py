"""The progress of an export of results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """The start of the next call: the index of a task, None at the end.

    `parts` are written parts; the file exists once it is `whole`.
    """

    upload: str
    index: int | None = 0
    parts: tuple[str, ...] = ()
    results: int = 0
    missing: int = 0
    size: int = 0
    whole: bool = False

    def as_state(self) -> dict[str, Any]:
        """The state that the state machine passes from call to call."""
        return {**asdict(self), "parts": list(self.parts), "more": not self.whole}

    @staticmethod
    def from_state(said: Mapping[str, Any]) -> Cursor | None:
        """Return the cursor of a state; None before the first call."""
        if "upload" not in said:
            return None
        fields = {name: value for name, value in said.items() if name != "more"}
        return Cursor(**fields | {"parts": tuple(said["parts"])})
