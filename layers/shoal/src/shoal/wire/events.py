"""Bodies of the audit trail."""

from pydantic import BaseModel, ConfigDict

from shoal.domain.audit_event import Action, AuditEvent
from shoal.wire.fields import Time
from shoal.wire.times import rfc3339


class EventBody(BaseModel):
    """An audited action: caller, action, job or other resource, and time.

    `detail` describes the resource and the parameters of the action.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    at: Time
    who: str
    action: Action
    job_id: str | None
    detail: dict[str, str]


class EventPageBody(BaseModel):
    """A page of events, newest first; a null `next_token` ends the list."""

    model_config = ConfigDict(frozen=True)

    items: list[EventBody]
    next_token: str | None


def event_body(act: AuditEvent) -> EventBody:
    """Return the body of an audit event."""
    return EventBody(
        id=act.id,
        at=rfc3339(act.at),
        who=act.who,
        action=act.action,
        job_id=act.job_id,
        detail=dict(act.detail),
    )
