"""Verifies the ticket of a connection, before the WebSocket API calls its handler.

API Gateway refuses a request without a ticket and calls no function. This function reads no table
and logs no refused ticket, so that forged tickets cost as little as possible.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from shoal import bootstrap
from shoal.domain.errors import NotSignedIn

if TYPE_CHECKING:
    from shoal.domain.live_ticket import Ticket


def handler(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """Return a policy that allows or denies the connection, with the ticket for its handler."""
    text = (event.get("queryStringParameters") or {}).get("ticket") or ""
    try:
        ticket = bootstrap.live_tickets().verified(text)
    except NotSignedIn:
        return _policy("Deny", event["methodArn"])
    return _policy("Allow", event["methodArn"], ticket)


def _policy(effect: str, place: str, ticket: Ticket | None = None) -> dict[str, Any]:
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": place}
    return {
        "principalId": "nobody" if ticket is None else ticket.tenant,
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": {} if ticket is None else asdict(ticket),
    }
