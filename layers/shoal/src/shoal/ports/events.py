"""Publication of job events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from shoal.domain.job_event import JobChangeEvent


class EventBus(Protocol):
    """The event bus."""

    def put(self, events: Sequence[JobChangeEvent]) -> None:
        """Publish each event at least once, in order unless the bus rejected one at first."""
