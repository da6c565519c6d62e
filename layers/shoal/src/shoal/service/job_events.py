"""Publishes events about jobs from the changes of their rows."""

from collections.abc import Iterable
from dataclasses import dataclass

from shoal.domain.job import Job
from shoal.domain.job_event import events_of
from shoal.ports.events import EventBus


@dataclass(frozen=True, slots=True)
class JobEventPublisher:
    """At-least-once events, in order per job; a repeated event has the same id."""

    bus: EventBus

    def publish(self, changes: Iterable[tuple[Job | None, Job]]) -> int:
        """Publish an event for each change that has a type; return the number of events."""
        events = [event for before, after in changes for event in events_of(before, after)]
        if events:
            self.bus.put(events)
        return len(events)
