"""Manages live connections and subscriptions to jobs."""

from __future__ import annotations

from dataclasses import dataclass

from shoal.domain.errors import LimitReached, NotSignedIn
from shoal.domain.live import (
    ALL_JOBS,
    CONNECTION_SECONDS,
    MOST_CONNECTIONS,
    MOST_SUBSCRIPTIONS,
    Connection,
)
from shoal.domain.live_ticket import TICKET_SECONDS, Ticket
from shoal.ports.clock import Clock
from shoal.ports.jobs import JobStore
from shoal.ports.live import LiveStore
from shoal.service.job_access import owned_job


@dataclass(frozen=True, slots=True)
class LiveSubscriptions:
    """Live connections and their subscriptions."""

    store: LiveStore
    jobs: JobStore
    clock: Clock

    def connect(self, connection_id: str, ticket: Ticket) -> Connection:
        """Open a connection with a verified ticket; raise NotSignedIn if it was used before."""
        # The margin covers the clocks of the functions: the authorizer has checked the expiry.
        remembered_until = ticket.expires_at + TICKET_SECONDS
        if not self.store.use_ticket(ticket.nonce, remembered_until=remembered_until):
            raise NotSignedIn("the ticket was used before; request a new one")
        if self.store.connected(ticket.tenant, limit=MOST_CONNECTIONS) >= MOST_CONNECTIONS:
            detail = f"the tenant has {MOST_CONNECTIONS} open connections, the maximum"
            raise LimitReached("connections", detail, TICKET_SECONDS)
        expires_at = int(self.clock.now()) + CONNECTION_SECONDS
        connection = Connection(connection_id, ticket.tenant, ticket.who, expires_at)
        self.store.connect(connection)
        return connection

    def disconnect(self, connection_id: str) -> None:
        """Remove a closed connection."""
        connection = self.store.connection(connection_id)
        if connection is not None:
            self.store.disconnect(connection_id, connection.tenant)

    def subscribe(self, connection_id: str, job_id: str | None) -> None:
        """Subscribe to a job of the tenant, or to all; raise JobNotFound if it does not exist."""
        connection = self._connection(connection_id)
        if job_id is not None:
            owned_job(self.jobs, connection.tenant, job_id)
        if not self.store.subscribe(connection, job_id or ALL_JOBS, most=MOST_SUBSCRIPTIONS):
            detail = f"a connection can subscribe to {MOST_SUBSCRIPTIONS} jobs, or to all jobs"
            raise LimitReached("subscriptions", detail, TICKET_SECONDS)

    def unsubscribe(self, connection_id: str, job_id: str | None) -> None:
        """Remove a subscription, if it exists."""
        connection = self._connection(connection_id)
        self.store.unsubscribe(connection_id, connection.tenant, job_id or ALL_JOBS)

    def _connection(self, connection_id: str) -> Connection:
        connection = self.store.connection(connection_id)
        if connection is None:
            raise NotSignedIn("unknown connection; connect again")
        return connection
