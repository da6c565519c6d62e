"""The audit trail as users read it."""

from pydantic import BaseModel, ConfigDict

from shoal.domain.audit_event import Action, AuditEvent
from shoal.wire.fields import Time
from shoal.wire.times import rfc3339


class EventBody(BaseModel):
    """Who did what to a job, or to something else of the tenant's, and when.

    `detail` tells to what, and how, as far as the action has a how.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    at: Time
    who: str
    action: Action
    job_id: str | None
    detail: dict[str, str]


class EventPageBody(BaseModel):
    """Events, newest first; a null `next_token` ends the list."""

    model_config = ConfigDict(frozen=True)

    items: list[EventBody]
    next_token: str | None


def event_body(act: AuditEvent) -> EventBody:
    """An act as a body."""
    return EventBody(
        id=act.id,
        at=rfc3339(act.at),
        who=act.who,
        action=act.action,
        job_id=act.job_id,
        detail=dict(act.detail),
    )
