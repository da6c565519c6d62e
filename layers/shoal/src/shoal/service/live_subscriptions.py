"""Manages live tickets, connections and subscriptions to jobs."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Final

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

_SECRET: Final = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class LiveSubscriptions:
    """Live subscriptions. Tickets replace tokens, which browsers cannot send in a handshake."""

    store: LiveStore
    jobs: JobStore
    clock: Clock
    entropy: Entropy

    def ticket(self, caller: Caller) -> tuple[str, int]:
        """Return a secret that opens one connection as this caller, and its expiry."""
        secret = (self.entropy.bytes() + self.entropy.bytes()).hex()
        expires_at = int(self.clock.now()) + TICKET_SECONDS
        self.store.put_ticket(Ticket(_key(secret), caller.tenant, caller.name, expires_at))
        return secret, expires_at

    def connect(self, connection_id: str, secret: str) -> Connection:
        """Open a connection; raise NotSignedIn unless the ticket is valid, which it is once."""
        now = self.clock.now()
        # A secret in another form is refused without a write of the table.
        ticket = self.store.take_ticket(_key(secret)) if _SECRET.fullmatch(secret) else None
        if ticket is None or ticket.expires_at <= now:
            raise NotSignedIn("the ticket is unknown, used or expired; request a new one")
        if self.store.connected(ticket.tenant, limit=MOST_CONNECTIONS) >= MOST_CONNECTIONS:
            detail = f"the tenant has {MOST_CONNECTIONS} open connections, the maximum"
            raise LimitReached("connections", detail, TICKET_SECONDS)
        expires_at = int(now) + CONNECTION_SECONDS
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


def _key(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
