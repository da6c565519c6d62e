"""Where acts are noted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from shoal.domain.audit_event import AuditEvent


class AuditPage(NamedTuple):
    """Some acts, newest first, and where the next page begins (None at the end)."""

    events: Sequence[AuditEvent]
    next_key: str | None


class AuditLog(Protocol):
    """Who did what to which job."""

    def add(self, act: AuditEvent, *, expires_at: int) -> None:
        """Write it, once: the first of its time and id stays."""

    def of_job(self, job_id: str, *, limit: int, start: str | None) -> AuditPage:
        """What was done to a job, newest first. `start` is a page's `next_key`."""

    def of_tenant(self, tenant: str, *, limit: int, start: str | None) -> AuditPage:
        """What was done to a tenant's jobs, newest first. `start` is a page's `next_key`."""
