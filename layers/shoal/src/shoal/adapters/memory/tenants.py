"""Tenants in memory; their usage is the watch list of the job store."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from shoal.domain.errors import WriteConflict
from shoal.domain.limits import Tenant
from shoal.ports.tenants import TenantPage

if TYPE_CHECKING:
    from shoal.adapters.memory.jobs import MemoryJobStore
    from shoal.domain.job import Job


class MemoryTenantStore:
    """Tenants by name."""

    def __init__(self, jobs: MemoryJobStore) -> None:
        self._jobs = jobs
        self._tenants: dict[str, Tenant] = {}

    def get(self, name: str) -> Tenant:
        jobs, tasks = self._jobs.open_of(name)
        stored = self._tenants.get(name, Tenant(name=name))
        return replace(stored, open_jobs=jobs, queued_tasks=tasks)

    def page(self, *, limit: int, start: str | None) -> TenantPage:
        names = sorted(name for name in self._tenants if start is None or name > start)
        following = names[limit - 1] if len(names) > limit else None
        return TenantPage([self.get(name) for name in names[:limit]], following)

    def put(self, tenant: Tenant) -> None:
        if self.get(tenant.name).version != tenant.version - 1:
            raise WriteConflict(tenant.name)
        self._tenants[tenant.name] = tenant

    def admit(self, tenant: Tenant, job: Job) -> bool:
        stale = self.get(tenant.name).version != tenant.version - 1
        if stale and self._jobs.get(job.id) is None:
            raise WriteConflict(tenant.name)
        if not self._jobs.create(job):
            return False
        self._tenants[tenant.name] = tenant
        return True
