"""Storage of live connections, and delivery to them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from shoal.domain.live import Connection, LastSent


class LiveStore(Protocol):
    """Used tickets, connections and subscriptions. A topic is a job id or ALL_JOBS."""

    def use_ticket(self, nonce: str, *, remembered_until: int) -> bool:
        """Record that a ticket was used; return False if it had been used before."""

    def connect(self, connection: Connection) -> None:
        """Store a connection."""

    def connection(self, connection_id: str) -> Connection | None:
        """Return the connection, if it exists."""

    def connected(self, tenant: str, *, limit: int) -> int:
        """Return the number of connections of a tenant, counted up to a limit."""

    def disconnect(self, connection_id: str, tenant: str) -> None:
        """Remove the connection and its subscriptions."""

    def subscribe(self, connection: Connection, topic: str, *, most: int) -> bool:
        """Subscribe a connection; return False if it is closed or has `most` other topics."""

    def unsubscribe(self, connection_id: str, tenant: str, topic: str) -> None:
        """Remove a subscription."""

    def subscribers(self, tenant: str, topic: str) -> Sequence[str]:
        """Return the ids of the subscribed connections."""

    def last_sent(self, job_id: str) -> LastSent | None:
        """Return the last sent version of a job."""

    def record_sent(
        self, job_id: str, told: LastSent, *, before: LastSent | None, expires_at: int
    ) -> bool:
        """Write it over the previous record; return False if another write came first."""


class SigningKeys(Protocol):
    """The keys that sign live tickets."""

    def keys(self, *, max_age: float) -> Sequence[bytes]:
        """Return the current key, then the previous one, read at most `max_age` seconds ago."""


class Connections(Protocol):
    """The open sockets."""

    def post(self, connection_id: str, message: str) -> bool:
        """Send a message; return False if the connection is closed."""
