"""Where the world hears of jobs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from shoal.domain.job_event import JobChangeEvent


class EventBus(Protocol):
    """Where the world hears of jobs."""

    def put(self, events: Sequence[JobChangeEvent]) -> None:
        """Put each of them at least once, in order unless the bus refused one at first."""
