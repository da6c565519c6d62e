"""Job events in memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shoal.domain.job_event import JobChangeEvent


class MemoryEventBus:
    """Events in the order in which they were published."""

    def __init__(self) -> None:
        self.events: list[JobChangeEvent] = []

    def put(self, events: Sequence[JobChangeEvent]) -> None:
        self.events += events
