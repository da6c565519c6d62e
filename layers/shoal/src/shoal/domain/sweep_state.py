"""The progress of the sweep of the watch list, and the lock of its current run."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepState:
    """`cursor` is the last job that was swept, None at the end of the list.

    Until `locked_until`, in seconds since the epoch, no other run begins. `version` grows with each
    write.
    """

    cursor: str | None = None
    locked_until: float = 0.0
    version: int = 0

    def begin(self, now: float, seconds: float) -> SweepState | None:
        """Return the state locked for this long; None while another run holds the lock."""
        if now < self.locked_until:
            return None
        return replace(self, locked_until=now + seconds, version=self.version + 1)

    def at(self, cursor: str | None) -> SweepState:
        """Return the state after the jobs up to the cursor were swept."""
        return replace(self, cursor=cursor, version=self.version + 1)

    def end(self) -> SweepState:
        """Return the state without the lock."""
        return replace(self, locked_until=0.0, version=self.version + 1)
