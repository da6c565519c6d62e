"""Live tickets: signed, short-lived permissions to open one live connection.

The form of a ticket is `payload.signature`. The payload is JSON, the signature is HMAC-SHA256 over
the payload, and both are URL-safe Base64 without padding.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

TICKET_SECONDS: Final = 60

_FORM: Final = re.compile(r"[A-Za-z0-9_-]{1,4000}\.[A-Za-z0-9_-]{43}")
_PURPOSE: Final = b"shoal live ticket 1:"
"""A prefix of the signed text: a signature for another purpose does not sign a ticket."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """Authorizes one connection of a caller, once."""

    nonce: str
    tenant: str
    who: str
    expires_at: int


def is_ticket(text: str) -> bool:
    """Return whether the text has the form of a ticket."""
    return _FORM.fullmatch(text) is not None


def signed_ticket(ticket: Ticket, key: bytes) -> str:
    """Return the ticket with its signature."""
    content = [ticket.nonce, ticket.tenant, ticket.who, ticket.expires_at]
    payload = _encoded(json.dumps(content, separators=(",", ":")).encode())
    return f"{payload}.{_signature(payload, key)}"


def verified_ticket(text: str, keys: Iterable[bytes]) -> Ticket | None:
    """Return the ticket if one of the keys has signed it; it can have expired."""
    if not is_ticket(text):
        return None
    payload, _, signature = text.partition(".")
    if not any(hmac.compare_digest(_signature(payload, key), signature) for key in keys):
        return None
    padded = payload + "=" * (-len(payload) % 4)
    nonce, tenant, who, expires_at = json.loads(base64.urlsafe_b64decode(padded))
    return Ticket(nonce, tenant, who, expires_at)


def _signature(payload: str, key: bytes) -> str:
    return _encoded(hmac.digest(key, _PURPOSE + payload.encode(), hashlib.sha256))


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
