"""Route of live tickets, with which a client opens a WebSocket."""

from http import HTTPStatus

from handlers.request_context import READ_ONLY, caller, new_router
from shoal import bootstrap
from shoal.wire.live import TicketBody
from shoal.wire.times import rfc3339

router = new_router()


@router.post(
    "/api/v1/live-tickets",
    operation_id="openLive",
    tags=["live"],
    security=READ_ONLY,
    status_code=HTTPStatus.CREATED,
)
def open_live() -> TicketBody:
    """Get a ticket that opens one WebSocket connection before it expires."""
    ticket, expires_at = bootstrap.live_tickets().issue(caller(router))
    return TicketBody(
        ticket=ticket, url=bootstrap.adapters().live_url, expires_at=rfc3339(expires_at)
    )
