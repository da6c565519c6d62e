"""Whether a tenant may have one more job, and the limits that decide it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shoal.domain.errors import InvalidRequest, Unavailable, WriteConflict
from shoal.domain.limits import Limits, Tenant
from shoal.ports.clock import Clock
from shoal.ports.tenants import TenantStore

TRIES = 60
"""So many submits of one tenant may come at the same moment, and none is turned away for it."""


@dataclass(frozen=True, slots=True)
class Admission:
    """Counts jobs in; they are counted out when nobody has to watch them any more."""

    tenants: TenantStore
    defaults: Limits
    clock: Clock

    def admit(self, tenant: str, job_id: str, tasks: int) -> Limits:
        """Mark a job open and count it, once for each job; raise LimitReached, nothing written."""
        for _ in range(TRIES):
            before = self.tenants.get(tenant)
            limits = before.limits(self.defaults)
            after = before.admit(tasks, limits, self.clock.now())
            try:
                self.tenants.admit(after, job_id, tasks)
            except WriteConflict:
                continue
            return limits
        raise Unavailable(f"tenant {tenant} submits too much at once")

    def limits(self, tenant: Tenant) -> Limits:
        """Those that hold for it."""
        return tenant.limits(self.defaults)

    def set_limits(self, name: str, own: Mapping[str, Any]) -> Tenant:
        """Give a tenant these limits of its own; for all others the deployment's hold."""
        longest = self.defaults.retention_days
        if own.get("retention_days", 0) > longest:
            problem = f"is at most the deployment's, {longest}"
            raise InvalidRequest(f"retention_days {problem}", [("retention_days", problem)])
        for _ in range(TRIES):
            tenant = self.tenants.get(name).with_own(own)
            try:
                self.tenants.put(tenant)
            except WriteConflict:
                continue
            return tenant
        raise Unavailable(f"tenant {name} is written by too many at once")
