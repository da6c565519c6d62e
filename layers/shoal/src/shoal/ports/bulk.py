"""Storage and execution of bulk actions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from shoal.domain.bulk import BulkAction


class BulkPage(NamedTuple):
    """A page of bulk actions, newest first, and the start of the next page (None at the end)."""

    actions: Sequence[BulkAction]
    next_key: str | None


class BulkStore(Protocol):
    """Storage of bulk actions."""

    def keyed(self, tenant: str, key: str, action_id: str, *, expires_at: int) -> str:
        """Return the id of an idempotency key: the first one that was stored for it."""

    def create(self, action: BulkAction) -> bool:
        """Write it if no action has its id; return whether it was written."""

    def get(self, tenant: str, action_id: str) -> BulkAction | None:
        """Return the current action."""

    def put(self, action: BulkAction) -> None:
        """Write it over its previous version; raise WriteConflict if another write came first."""

    def page(self, tenant: str, *, limit: int, start: str | None) -> BulkPage:
        """Return the actions of a tenant, newest first. `start` is a page's `next_key`."""


class BulkRuns(Protocol):
    """Executions of bulk actions."""

    def start(self, tenant: str, action_id: str, *, ending: bool = False) -> None:
        """Start it; an action that was started before counts as started.

        An execution that is `ending` an action has another name, so that it starts although the
        first one died.
        """
