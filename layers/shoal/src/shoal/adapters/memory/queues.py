"""Task queues in memory."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from shoal.adapters.memory.restorable import Restorable
from shoal.domain.errors import ShoalError
from shoal.domain.job import Priority
from shoal.ports.queues import Depth, Message


class MemoryTaskQueue(Restorable):
    """Messages by priority, each with its tenant."""

    def __init__(self) -> None:
        self._sent: dict[Priority, tuple[tuple[str, Message], ...]] = {}

    def send(self, priority: Priority, messages: Iterable[Message], *, tenant: str) -> None:
        new = tuple((tenant, message) for message in messages)
        self._sent[priority] = self._sent.get(priority, ()) + new

    def depths(self) -> Mapping[Priority, Depth]:
        sent = {p: [message for _, message in self._sent.get(p, ())] for p in Priority}
        return {
            p: Depth(sum(not m.delay for m in messages), 0, sum(bool(m.delay) for m in messages))
            for p, messages in sent.items()
        }

    def take(self) -> list[Message]:
        """Remove and return all messages, high priority first."""
        messages = [message for p in Priority for _, message in self._sent.get(p, ())]
        self._sent.clear()
        return messages


class MemoryQueueAges:
    """Configured ages; `fault`, if set, is raised."""

    def __init__(self) -> None:
        self.known: dict[Priority, float] = {}
        self.fault: ShoalError | None = None

    def ages(self, priorities: Collection[Priority]) -> Mapping[Priority, float]:
        if self.fault:
            raise self.fault
        return {each: self.known[each] for each in priorities if each in self.known}
