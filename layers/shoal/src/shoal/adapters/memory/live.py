"""Live connections and signing keys in memory, and sockets that record messages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from shoal.domain.live import Connection, LastSent

if TYPE_CHECKING:
    from shoal.ports.clock import Clock


class MemoryLiveStore:
    """Topics by connection."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._used_tickets: set[str] = set()
        self._connections: dict[str, Connection] = {}
        self._topics: dict[str, set[str]] = {}
        self._told: dict[str, LastSent] = {}

    def use_ticket(self, nonce: str, *, remembered_until: int) -> bool:
        del remembered_until
        unused = nonce not in self._used_tickets
        self._used_tickets.add(nonce)
        return unused

    def connect(self, connection: Connection) -> None:
        self._connections[connection.id] = connection
        self._topics[connection.id] = set()

    def connection(self, connection_id: str) -> Connection | None:
        found = self._connections.get(connection_id)
        return found if found is not None and self._alive(found) else None

    def connected(self, tenant: str, *, limit: int) -> int:
        of_tenant = [each for each in self._connections.values() if each.tenant == tenant]
        return min(limit, sum(map(self._alive, of_tenant)))

    def disconnect(self, connection_id: str, tenant: str) -> None:
        del tenant
        self._connections.pop(connection_id, None)
        self._topics.pop(connection_id, None)

    def subscribe(self, connection: Connection, topic: str, *, most: int) -> bool:
        topics = self._topics.get(connection.id)
        if topics is None or (topic not in topics and len(topics) >= most):
            return False
        topics.add(topic)
        return True

    def unsubscribe(self, connection_id: str, tenant: str, topic: str) -> None:
        del tenant
        self._topics.get(connection_id, set()).discard(topic)

    def subscribers(self, tenant: str, topic: str) -> Sequence[str]:
        return sorted(
            each.id
            for each in self._connections.values()
            if each.tenant == tenant and topic in self._topics[each.id] and self._alive(each)
        )

    def last_sent(self, job_id: str) -> LastSent | None:
        return self._told.get(job_id)

    def record_sent(
        self, job_id: str, told: LastSent, *, before: LastSent | None, expires_at: int
    ) -> bool:
        del expires_at
        stored = self._told.get(job_id)
        if (stored and stored[:2]) != (before and before[:2]):
            return False
        self._told[job_id] = told
        return True

    def _alive(self, connection: Connection) -> bool:
        return connection.expires_at > self._clock.now()


class MemorySigningKeys:
    """A current key and a previous one."""

    def __init__(self) -> None:
        self._keys = [b"first key"]

    def keys(self, *, max_age: float) -> Sequence[bytes]:
        del max_age
        return self._keys

    def rotate(self, key: bytes) -> None:
        """Replace the current key, which becomes the previous one."""
        self._keys = [key, self._keys[0]]


class MemoryConnections:
    """Sockets and the messages sent to them. Sockets in `gone` are closed."""

    def __init__(self) -> None:
        self.sent: dict[str, list[str]] = {}
        self.gone: set[str] = set()

    def post(self, connection_id: str, message: str) -> bool:
        if connection_id in self.gone:
            return False
        self.sent.setdefault(connection_id, []).append(message)
        return True
