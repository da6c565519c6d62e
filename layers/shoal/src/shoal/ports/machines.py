"""Where it is known whose a machine is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol


class MachinePage(NamedTuple):
    """Some machines, pairs of client and tenant, and where the next page begins."""

    machines: Sequence[tuple[str, str]]
    next_key: str | None


class MachineStore(Protocol):
    """Clients that sign in for themselves, and whose they are."""

    def tenant_of(self, client: str) -> str | None:
        """The tenant that the client works for."""

    def put(self, client: str, tenant: str) -> None:
        """Let it work for this tenant, and for no other any more."""

    def remove(self, client: str) -> bool:
        """Let it work for nobody; whether it did for somebody."""

    def page(self, *, limit: int, start: str | None) -> MachinePage:
        """By client. `start` is a page's `next_key`."""
