"""The queues between the platform and its workers."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple, Protocol

from shoal.domain.job import Priority


class Message(NamedTuple):
    """A chunk to run, and the seconds until the message becomes visible."""

    job: str
    chunk: int
    delay: float = 0.0


class TaskQueue(Protocol):
    """The queues that workers drain."""

    def send(self, priority: Priority, messages: Iterable[Message], *, tenant: str) -> None:
        """Send all messages, with retries; raise Unavailable if some are still rejected."""


class Depth(NamedTuple):
    """Approximate numbers of a queue's messages: visible, in flight, delayed."""

    waiting: int
    in_flight: int
    delayed: int


class QueueDepths(Protocol):
    """The queue depths."""

    def depths(self) -> Mapping[Priority, Depth]:
        """Return the depth of each queue, high priority first; may be a few seconds old."""


class QueueAges(Protocol):
    """The ages of messages in the queues."""

    def ages(self, priorities: Collection[Priority]) -> Mapping[Priority, float]:
        """Return the age of the oldest message of each queue, in seconds; omitted if unknown.

        The value can be minutes old. Raises a ShoalError if it cannot be read; later calls then
        return nothing for a while.
        """
