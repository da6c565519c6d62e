"""Who listens to jobs, and the way to them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from shoal.domain.live import Connection, LastSent, Ticket


class LiveStore(Protocol):
    """Tickets, connections and what they listen to. A topic is a job's id, or ALL_JOBS."""

    def put_ticket(self, ticket: Ticket) -> None:
        """Write it."""

    def take_ticket(self, key: str) -> Ticket | None:
        """Take it out: of several that ask, one gets it."""

    def connect(self, connection: Connection) -> None:
        """Write it."""

    def connection(self, connection_id: str) -> Connection | None:
        """The connection, if it is known."""

    def connected(self, tenant: str, *, limit: int) -> int:
        """How many connections a tenant has, counted up to a limit."""

    def disconnect(self, connection_id: str, tenant: str) -> None:
        """Remove it with all that it listens to."""

    def subscribe(self, connection: Connection, topic: str, *, most: int) -> bool:
        """Let it listen; False if it is gone, or listens to `most` other topics."""

    def unsubscribe(self, connection_id: str, tenant: str, topic: str) -> None:
        """Let it no longer listen."""

    def subscribers(self, tenant: str, topic: str) -> Sequence[str]:
        """The ids of the connections that listen."""

    def last_sent(self, job_id: str) -> LastSent | None:
        """What was told last of a job."""

    def record_sent(
        self, job_id: str, told: LastSent, *, before: LastSent | None, expires_at: int
    ) -> bool:
        """Write it over what was told before; False if that is not there any more."""


class Connections(Protocol):
    """The sockets themselves."""

    def post(self, connection_id: str, message: str) -> bool:
        """Send it; False if the connection is gone."""
