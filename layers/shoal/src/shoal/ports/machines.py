"""Storage of API clients and their tenants."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol


class MachinePage(NamedTuple):
    """A page of API clients, pairs of client and tenant, and the start of the next page."""

    machines: Sequence[tuple[str, str]]
    next_key: str | None


class MachineStore(Protocol):
    """API clients and their tenants."""

    def tenant_of(self, client: str) -> str | None:
        """Return the tenant of the client."""

    def put(self, client: str, tenant: str) -> None:
        """Assign the client to this tenant, replacing the previous one."""

    def remove(self, client: str, *, remembered_until: int) -> bool:
        """Remove the assignment; return whether there was one, or its removal is remembered."""

    def page(self, *, limit: int, start: str | None) -> MachinePage:
        """Return a page, sorted by client. `start` is a page's `next_key`."""
