"""Tells the world what happened to jobs, from the changes of their rows."""

from collections.abc import Iterable
from dataclasses import dataclass

from shoal.domain.job import Job
from shoal.domain.job_event import events_of
from shoal.ports.events import EventBus


@dataclass(frozen=True, slots=True)
class JobEventPublisher:
    """At least once, in the order of each job's changes; an event's id tells a repeated one."""

    bus: EventBus

    def publish(self, changes: Iterable[tuple[Job | None, Job]]) -> int:
        """Put an event for each change that has a name; how many there were."""
        events = [event for before, after in changes for event in events_of(before, after)]
        if events:
            self.bus.put(events)
        return len(events)
