"""Storage of the audit trail."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from shoal.domain.audit_event import AuditEvent


class AuditPage(NamedTuple):
    """A page of events, newest first, and the start of the next page (None at the end)."""

    events: Sequence[AuditEvent]
    next_key: str | None


class AuditLog(Protocol):
    """The audit trail."""

    def add(self, act: AuditEvent, *, expires_at: int) -> None:
        """Write an event, once: the first with its time and id stays."""

    def of_job(self, job_id: str, *, limit: int, start: str | None) -> AuditPage:
        """Return the events of a job, newest first. `start` is a page's `next_key`."""

    def of_tenant(self, tenant: str, *, limit: int, start: str | None) -> AuditPage:
        """Return the events of a tenant's jobs, newest first. `start` is a page's `next_key`."""
