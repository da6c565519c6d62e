"""Admits jobs within the limits of their tenant."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from shoal.domain.errors import InvalidRequest, Unavailable, WriteConflict
from shoal.domain.job import Job
from shoal.domain.limits import Limits, Tenant
from shoal.ports.clock import Clock
from shoal.ports.tenants import TenantStore

TRIES = 60
"""Attempts per write. Up to this many concurrent submits of one tenant all succeed."""


@dataclass(frozen=True, slots=True)
class Admission:
    """Counts open jobs per tenant. A job is uncounted when it leaves the watch list."""

    tenants: TenantStore
    defaults: Limits
    clock: Clock

    def admit(self, name: str, tasks: int, job_under: Callable[[Limits], Job]) -> Job | None:
        """Create the job that `job_under` returns for the tenant's limits, and count it.

        Returns None if a job has its id. Raises LimitReached before it calls `job_under`, unless
        concurrent submits took the last place.
        """
        for _ in range(TRIES):
            before = self.tenants.get(name)
            limits = before.limits(self.defaults)
            after = before.admit(tasks, limits, self.clock.now())
            job = job_under(limits)
            try:
                return job if self.tenants.admit(after, job) else None
            except WriteConflict:
                continue
        raise Unavailable(f"too many concurrent submits of tenant {name}")

    def limits(self, tenant: Tenant) -> Limits:
        """Return the limits that apply to the tenant."""
        return tenant.limits(self.defaults)

    def set_limits(self, name: str, own: Mapping[str, Any]) -> Tenant:
        """Replace a tenant's own limits; the defaults of the deployment apply to the others."""
        longest = self.defaults.retention_days
        if own.get("retention_days", 0) > longest:
            problem = f"must not exceed the deployment's retention, {longest}"
            raise InvalidRequest(f"retention_days {problem}", [("retention_days", problem)])
        for _ in range(TRIES):
            tenant = self.tenants.get(name).with_own(own)
            try:
                self.tenants.put(tenant)
            except WriteConflict:
                continue
            return tenant
        raise Unavailable(f"too many concurrent updates to tenant {name}")
