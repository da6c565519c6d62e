"""Workers as the platform knows them: what each said of itself, and whether it still speaks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

MISSED: Final = 3
"""A worker is silent once so many times have passed in which it promised to speak."""
KEPT_SECONDS: Final = 3 * 86_400
"""How long a worker is remembered after it spoke last: over a weekend."""
PLACE: Final = re.compile(r"[A-Za-z0-9._:-]{1,128}")


class WorkerStatus(StrEnum):
    """Whether a worker is there. UNKNOWN is one that never promised to speak again."""

    ALIVE = "alive"
    SILENT = "silent"
    LEFT = "left"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """What a worker last said of itself. Times in seconds since the epoch.

    `number` counts what it said since `started_at`; `every` is within how many seconds it
    promised to speak again. `digest` is that of the code of all its types.
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
        """Whether it is there."""
        if self.left:
            return WorkerStatus.LEFT
        if self.every is None:
            return WorkerStatus.UNKNOWN
        silent = now - self.seen_at > MISSED * self.every
        return WorkerStatus.SILENT if silent else WorkerStatus.ALIVE

    def follows(self, known: Worker | None) -> bool:
        """Whether it was said after what is known; a repeated or late word is not."""
        if known is None:
            return True
        return (known.started_at, known.number) < (self.started_at, self.number)

    @property
    def expires_at(self) -> int:
        """When it is forgotten."""
        return int(self.seen_at) + KEPT_SECONDS
