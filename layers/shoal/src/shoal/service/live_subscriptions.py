"""Lets callers listen to jobs: tickets, connections, subscriptions."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from shoal.domain.errors import LimitReached, NotSignedIn
from shoal.domain.identity import Caller
from shoal.domain.live import (
    ALL_JOBS,
    CONNECTION_SECONDS,
    MOST_CONNECTIONS,
    MOST_SUBSCRIPTIONS,
    TICKET_SECONDS,
    Connection,
    Ticket,
)
from shoal.ports.clock import Clock, Entropy
from shoal.ports.jobs import JobStore
from shoal.ports.live import LiveStore
from shoal.service.job_access import owned_job


@dataclass(frozen=True, slots=True)
class LiveSubscriptions:
    """A browser cannot put a token into a WebSocket's handshake, so a ticket stands for it."""

    store: LiveStore
    jobs: JobStore
    clock: Clock
    entropy: Entropy

    def ticket(self, caller: Caller) -> tuple[str, int]:
        """A secret that opens one connection as this caller, and until when."""
        secret = (self.entropy.bytes() + self.entropy.bytes()).hex()
        expires_at = int(self.clock.now()) + TICKET_SECONDS
        self.store.put_ticket(Ticket(_key(secret), caller.tenant, caller.name, expires_at))
        return secret, expires_at

    def connect(self, connection_id: str, secret: str) -> Connection:
        """Open a connection; raise NotSignedIn unless the ticket is good, which it is once."""
        now = self.clock.now()
        ticket = self.store.take_ticket(_key(secret)) if secret else None
        if ticket is None or ticket.expires_at <= now:
            raise NotSignedIn("this ticket is unknown, was used, or is too old")
        if self.store.connected(ticket.tenant, limit=MOST_CONNECTIONS) >= MOST_CONNECTIONS:
            detail = f"this tenant has {MOST_CONNECTIONS} connections open"
            raise LimitReached("connections", detail, TICKET_SECONDS)
        expires_at = int(now) + CONNECTION_SECONDS
        connection = Connection(connection_id, ticket.tenant, ticket.who, expires_at)
        self.store.connect(connection)
        return connection

    def disconnect(self, connection_id: str) -> None:
        """Forget a connection that was closed."""
        connection = self.store.connection(connection_id)
        if connection is not None:
            self.store.disconnect(connection_id, connection.tenant)

    def subscribe(self, connection_id: str, job_id: str | None) -> None:
        """Listen to a job of the caller's tenant, or to all; raise JobNotFound if it has none."""
        connection = self._connection(connection_id)
        if job_id is not None:
            owned_job(self.jobs, connection.tenant, job_id)
        if not self.store.subscribe(connection, job_id or ALL_JOBS, most=MOST_SUBSCRIPTIONS):
            detail = f"a connection listens to {MOST_SUBSCRIPTIONS} jobs at most, or to all"
            raise LimitReached("subscriptions", detail, TICKET_SECONDS)

    def unsubscribe(self, connection_id: str, job_id: str | None) -> None:
        """Listen no longer; not having listened is no error."""
        connection = self._connection(connection_id)
        self.store.unsubscribe(connection_id, connection.tenant, job_id or ALL_JOBS)

    def _connection(self, connection_id: str) -> Connection:
        connection = self.store.connection(connection_id)
        if connection is None:
            raise NotSignedIn("this connection is not known; connect again")
        return connection


def _key(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
