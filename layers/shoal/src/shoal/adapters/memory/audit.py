"""Acts in memory."""

from __future__ import annotations

from shoal.adapters.memory.restorable import Restorable
from shoal.domain.act import Act
from shoal.ports.audit import ActPage


class MemoryAuditLog(Restorable):
    """Acts by their place and job."""

    def __init__(self) -> None:
        self._acts: dict[tuple[str, str | None], Act] = {}

    def add(self, act: Act, *, expires_at: int) -> None:
        del expires_at
        self._acts.setdefault((act.place, act.job_id), act)

    def of_job(self, job_id: str, *, limit: int, start: str | None) -> ActPage:
        return self._page([a for a in self._acts.values() if a.job_id == job_id], limit, start)

    def of_tenant(self, tenant: str, *, limit: int, start: str | None) -> ActPage:
        return self._page([a for a in self._acts.values() if a.tenant == tenant], limit, start)

    @staticmethod
    def _page(acts: list[Act], limit: int, start: str | None) -> ActPage:
        found = [act for act in acts if start is None or act.place < start]
        found.sort(key=lambda act: act.place, reverse=True)
        page = found[:limit]
        return ActPage(page, page[-1].place if len(found) > limit else None)
