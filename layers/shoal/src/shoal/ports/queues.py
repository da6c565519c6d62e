"""The queues between the platform and its workers."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple, Protocol

from shoal.domain.job import Priority


class Message(NamedTuple):
    """A chunk to run, and the seconds until a worker may see it."""

    job: str
    chunk: int
    delay: float = 0.0


class TaskQueue(Protocol):
    """The queues that workers drain."""

    def send(self, priority: Priority, messages: Iterable[Message], *, tenant: str) -> None:
        """Send them all, again what the queue refused; raise Unavailable if some stay refused."""


class Depth(NamedTuple):
    """Messages of a queue, approximately: to be had, in the hands of workers, hidden till later."""

    waiting: int
    in_flight: int
    delayed: int


class QueueDepths(Protocol):
    """How much the queues hold."""

    def depths(self) -> Mapping[Priority, Depth]:
        """Of each queue, high priority first; may be a few seconds old."""


class QueueAges(Protocol):
    """How long messages have been in the queues."""

    def ages(self, priorities: Collection[Priority]) -> Mapping[Priority, float]:
        """Seconds since the oldest message of these queues was sent; left out where not known.

        May be minutes old. Raises a ShoalError if it cannot be told; then it is not asked again for
        a while, and nothing is known.
        """
