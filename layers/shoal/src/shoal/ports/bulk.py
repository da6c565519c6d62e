"""Where bulk actions are kept, and what carries them out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from shoal.domain.bulk import BulkAction


class BulkPage(NamedTuple):
    """Some bulk actions, newest first, and where the next page begins (None at the end)."""

    actions: Sequence[BulkAction]
    next_key: str | None


class BulkStore(Protocol):
    """Bulk actions."""

    def keyed(self, tenant: str, key: str, action_id: str, *, expires_at: int) -> str:
        """The id that goes with an idempotency key: the first that was given for it."""

    def create(self, action: BulkAction) -> bool:
        """Write it if there is none of its id; whether it was written."""

    def get(self, tenant: str, action_id: str) -> BulkAction | None:
        """The action as it now is."""

    def put(self, action: BulkAction) -> None:
        """Write it over the version before its own; raise WriteConflict if that is not there."""

    def page(self, tenant: str, *, limit: int, start: str | None) -> BulkPage:
        """A tenant's, newest first. `start` is a page's `next_key`."""


class BulkRuns(Protocol):
    """Executions that carry bulk actions out."""

    def start(self, tenant: str, action_id: str) -> None:
        """Start it; one that was started before counts as started."""
