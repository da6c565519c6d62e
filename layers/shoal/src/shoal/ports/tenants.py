"""Where tenants are known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from shoal.domain.limits import Tenant


class TenantPage(NamedTuple):
    """Some tenants, by name, and where the next page begins."""

    tenants: Sequence[Tenant]
    next_key: str | None


class TenantStore(Protocol):
    """Tenants. What they have open is what JobStore has marked: both are one write."""

    def get(self, name: str) -> Tenant:
        """The tenant as it now is; one that nobody wrote has nothing."""

    def page(self, *, limit: int, start: str | None) -> TenantPage:
        """Those that were ever written. `start` is a page's `next_key`."""

    def put(self, tenant: Tenant) -> None:
        """Write its limits over the version before; raise WriteConflict if that is not there."""

    def admit(self, tenant: Tenant, job_id: str, tasks: int) -> bool:
        """Write it over the version before, mark and count the job; False if it is marked already.

        Raises WriteConflict if that version is not there. Nothing is written then, nor if False.
        """
