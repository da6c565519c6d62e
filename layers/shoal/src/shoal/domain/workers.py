"""Workers: their registrations, and whether they are alive."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

MISSED: Final = 3
"""A worker is silent after this number of missed announce intervals."""
KEPT_SECONDS: Final = 3 * 86_400
"""How long a worker is kept after its last registration: over a weekend."""
PLACE: Final = re.compile(r"[A-Za-z0-9._:-]{1,128}")


class WorkerStatus(StrEnum):
    """The status of a worker; UNKNOWN for a worker without an announce interval."""

    ALIVE = "alive"
    SILENT = "silent"
    LEFT = "left"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """The last registration of a worker. Times are in seconds since the epoch.

    `number` counts its registrations since `started_at`; `every` is its announce interval in
    seconds. `digest` is that of the code of all its types.
    """

    name: str
    types: tuple[str, ...]
    seen_at: float
    started_at: float
    number: int = 1
    every: float | None = None
    left: bool = False
    version: str = ""
    image: str = ""
    digest: str = ""
    host: str = ""
    slots: int | None = None
    queues: tuple[str, ...] = ()

    def status(self, now: float) -> WorkerStatus:
        """Return the status of the worker."""
        if self.left:
            return WorkerStatus.LEFT
        if self.every is None:
            return WorkerStatus.UNKNOWN
        silent = now - self.seen_at > MISSED * self.every
        return WorkerStatus.SILENT if silent else WorkerStatus.ALIVE

    def follows(self, known: Worker | None) -> bool:
        """Return whether it is newer than the stored registration, not repeated or late."""
        if known is None:
            return True
        return (known.started_at, known.number) < (self.started_at, self.number)

    @property
    def expires_at(self) -> int:
        """The time at which the row expires."""
        return int(self.seen_at) + KEPT_SECONDS
