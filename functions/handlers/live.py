"""Serves the WebSocket API: connections and their subscriptions."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from handlers import log, problems
from shoal import bootstrap
from shoal.domain.errors import NotSignedIn, ShoalError
from shoal.domain.live_ticket import Ticket
from shoal.wire.live import (
    Subscribe,
    Unsubscribe,
    error_message,
    pong_message,
    read_client_message,
    subscribed_message,
    unsubscribed_message,
)


def handler(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """Handle a WebSocket event. The status matters only for the handshake; replies are posted."""
    about = event["requestContext"]
    route, connection_id = about["routeKey"], about["connectionId"]
    if route == "$connect":
        return {"statusCode": _connect(connection_id, about.get("authorizer") or {})}
    if route == "$disconnect":
        bootstrap.live_subscriptions().disconnect(connection_id)
    else:
        answer = _reply(connection_id, event.get("body") or "")
        bootstrap.adapters().connections.post(connection_id, answer)
    return {"statusCode": HTTPStatus.OK.value}


def _connect(connection_id: str, verified: Mapping[str, Any]) -> int:
    try:
        bootstrap.live_subscriptions().connect(connection_id, _ticket(verified))
    except ShoalError as error:
        log.info("connection refused", error=type(error).__name__)
        return problems.status_of(error).value
    return HTTPStatus.OK.value


def _ticket(verified: Mapping[str, Any]) -> Ticket:
    """Return the ticket that the authorizer has verified; raise NotSignedIn without one."""
    try:
        return Ticket(
            verified["nonce"], verified["tenant"], verified["who"], int(verified["expires_at"])
        )
    except KeyError:
        raise NotSignedIn("the connection has no verified ticket") from None


def _reply(connection_id: str, text: str) -> str:
    """Return the reply to a client's message."""
    try:
        message = read_client_message(text)
    except ValueError:
        detail = "unknown message; send subscribe or unsubscribe, with or without a job, or ping"
        return error_message(HTTPStatus.BAD_REQUEST, detail)
    try:
        match message:
            case Subscribe(job=job):
                bootstrap.live_subscriptions().subscribe(connection_id, job)
                return subscribed_message(job)
            case Unsubscribe(job=job):
                bootstrap.live_subscriptions().unsubscribe(connection_id, job)
                return unsubscribed_message(job)
            case _:
                return pong_message()
    except ShoalError as error:
        status = problems.status_of(error)
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            log.error("request of a connection failed", error)
        return error_message(
            status, problems.detail_of(error, status), getattr(message, "job", None)
        )
