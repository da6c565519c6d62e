"""Admits jobs within the limits of their tenant."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from shoal.domain.errors import InvalidRequest
from shoal.domain.job import Job
from shoal.domain.limits import Limits, Tenant
from shoal.ports.clock import Clock
from shoal.ports.tenants import TenantStore
from shoal.service.job_updates import Update, update_over_version

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
        created: list[Job] = []

        def move(before: Tenant) -> tuple[Tenant, Job]:
            limits = before.limits(self.defaults)
            return before.admit(tasks, limits, self.clock.now()), job_under(limits)

        def write(admitted: tuple[Tenant, Job]) -> None:
            tenant, job = admitted
            if self.tenants.admit(tenant, job):
                created.append(job)

        _: Update[Tenant, tuple[Tenant, Job]] = update_over_version(
            lambda: self.tenants.get(name), move, write, what=f"tenant {name}", tries=TRIES
        )
        return created[0] if created else None

    def limits(self, tenant: Tenant) -> Limits:
        """Return the limits that apply to the tenant."""
        return tenant.limits(self.defaults)

    def set_limits(self, name: str, own: Mapping[str, Any]) -> Tenant:
        """Replace a tenant's own limits; the defaults of the deployment apply to the others."""
        longest = self.defaults.retention_days
        if own.get("retention_days", 0) > longest:
            problem = f"must not exceed the deployment's retention, {longest}"
            raise InvalidRequest(f"retention_days {problem}", [("retention_days", problem)])
        update: Update[Tenant, Tenant] = update_over_version(
            lambda: self.tenants.get(name),
            lambda tenant: tenant.with_own(own),
            self.tenants.put,
            what=f"tenant {name}",
            tries=TRIES,
        )
        return update.moved or update.row
