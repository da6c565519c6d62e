"""Issues and verifies live tickets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from shoal.domain.errors import NotSignedIn
from shoal.domain.identity import Caller
from shoal.domain.live_ticket import (
    TICKET_SECONDS,
    Ticket,
    is_ticket,
    signed_ticket,
    verified_ticket,
)
from shoal.ports.clock import Clock, Entropy
from shoal.ports.live import SigningKeys

KEY_SECONDS: Final = 3_600.0
"""How long the keys are used before they are read again: a rotation takes effect within it."""
UNKNOWN_KEY_SECONDS: Final = 60.0
"""The same if no key matches a ticket. It limits the reads that forged tickets cause."""


@dataclass(frozen=True, slots=True)
class LiveTickets:
    """Live tickets. They replace tokens, which browsers cannot send in a handshake."""

    keys: SigningKeys
    clock: Clock
    entropy: Entropy

    def issue(self, caller: Caller) -> tuple[str, int]:
        """Return a ticket that opens one connection as this caller, and its expiry."""
        nonce = (self.entropy.bytes() + self.entropy.bytes()).hex()
        expires_at = int(self.clock.now()) + TICKET_SECONDS
        ticket = Ticket(nonce, caller.tenant, caller.name, expires_at)
        return signed_ticket(ticket, self.keys.keys(max_age=KEY_SECONDS)[0]), expires_at

    def verified(self, text: str) -> Ticket:
        """Return the ticket; raise NotSignedIn unless it is signed and has not expired."""
        ticket = self._signed(text) if is_ticket(text) else None
        if ticket is None or ticket.expires_at <= self.clock.now():
            raise NotSignedIn("the ticket is unknown or expired; request a new one")
        return ticket

    def _signed(self, text: str) -> Ticket | None:
        for max_age in (KEY_SECONDS, UNKNOWN_KEY_SECONDS):
            ticket = verified_ticket(text, self.keys.keys(max_age=max_age))
            if ticket is not None:
                return ticket
        return None
