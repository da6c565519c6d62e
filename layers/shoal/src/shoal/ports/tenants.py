"""Storage of tenants."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from shoal.domain.job import Job
from shoal.domain.limits import Tenant


class TenantPage(NamedTuple):
    """A page of tenants, by name, and the start of the next page."""

    tenants: Sequence[Tenant]
    next_key: str | None


class TenantStore(Protocol):
    """Tenants. Their usage and the watch list of JobStore change in one transaction."""

    def get(self, name: str) -> Tenant:
        """Return the current tenant; an unknown tenant has no usage."""

    def page(self, *, limit: int, start: str | None) -> TenantPage:
        """Return a page of stored tenants. `start` is a page's `next_key`."""

    def put(self, tenant: Tenant) -> None:
        """Write its limits over the previous version; raise WriteConflict on a concurrent write."""

    def admit(self, tenant: Tenant, job: Job) -> bool:
        """Create the job with its line of the watch list, and write the tenant that admitted it.

        One transaction: returns False and writes nothing if a job has its id. Raises WriteConflict
        and writes nothing if another write of the tenant came first.
        """
