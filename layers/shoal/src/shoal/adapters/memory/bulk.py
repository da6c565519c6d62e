"""Bulk actions in memory."""

from __future__ import annotations

from shoal.domain.bulk import BulkAction
from shoal.domain.errors import WriteConflict
from shoal.ports.bulk import BulkPage


class MemoryBulkStore:
    """Actions by tenant and id."""

    def __init__(self) -> None:
        self._actions: dict[tuple[str, str], BulkAction] = {}
        self._keys: dict[tuple[str, str], str] = {}

    def keyed(self, tenant: str, key: str, action_id: str, *, expires_at: int) -> str:
        del expires_at
        return self._keys.setdefault((tenant, key), action_id)

    def create(self, action: BulkAction) -> bool:
        return self._actions.setdefault((action.tenant, action.id), action) is action

    def get(self, tenant: str, action_id: str) -> BulkAction | None:
        return self._actions.get((tenant, action_id))

    def put(self, action: BulkAction) -> None:
        before = self._actions.get((action.tenant, action.id))
        if before is None or before.version != action.version - 1:
            raise WriteConflict(action.id)
        self._actions[action.tenant, action.id] = action

    def page(self, tenant: str, *, limit: int, start: str | None) -> BulkPage:
        found = sorted(
            (each for (owner, _), each in self._actions.items() if owner == tenant),
            key=lambda each: each.id,
            reverse=True,
        )
        after = [each for each in found if start is None or each.id < start]
        return BulkPage(after[:limit], after[limit - 1].id if len(after) > limit else None)


class MemoryBulkRuns:
    """Records started executions."""

    def __init__(self) -> None:
        self.started: list[tuple[str, str]] = []
        self._ending: set[tuple[str, str]] = set()

    def start(self, tenant: str, action_id: str, *, ending: bool = False) -> None:
        action = tenant, action_id
        known = self._ending if ending else self.started
        if action not in known:
            self.started.append(action)
        if ending:
            self._ending.add(action)
