"""The audit trail in memory."""

from __future__ import annotations

from shoal.adapters.memory.restorable import Restorable
from shoal.domain.audit_event import AuditEvent
from shoal.ports.audit import AuditPage


class MemoryAuditLog(Restorable):
    """Events by place and job."""

    def __init__(self) -> None:
        self._acts: dict[tuple[str, str | None], AuditEvent] = {}

    def add(self, act: AuditEvent, *, expires_at: int) -> None:
        del expires_at
        self._acts.setdefault((act.place, act.job_id), act)

    def of_job(self, job_id: str, *, limit: int, start: str | None) -> AuditPage:
        return self._page([a for a in self._acts.values() if a.job_id == job_id], limit, start)

    def of_tenant(self, tenant: str, *, limit: int, start: str | None) -> AuditPage:
        return self._page([a for a in self._acts.values() if a.tenant == tenant], limit, start)

    @staticmethod
    def _page(acts: list[AuditEvent], limit: int, start: str | None) -> AuditPage:
        found = [act for act in acts if start is None or act.place < start]
        found.sort(key=lambda act: act.place, reverse=True)
        page = found[:limit]
        return AuditPage(page, page[-1].place if len(found) > limit else None)
