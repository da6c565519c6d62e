"""API clients in memory."""

from __future__ import annotations

from shoal.ports.machines import MachinePage


class MemoryMachineStore:
    """Tenants by client."""

    def __init__(self) -> None:
        self._machines: dict[str, str] = {}
        self._removed: set[str] = set()

    def tenant_of(self, client: str) -> str | None:
        return self._machines.get(client)

    def put(self, client: str, tenant: str) -> None:
        self._machines[client] = tenant

    def remove(self, client: str, *, remembered_until: int) -> bool:
        del remembered_until
        if self._machines.pop(client, None) is not None:
            self._removed.add(client)
        return client in self._removed

    def page(self, *, limit: int, start: str | None) -> MachinePage:
        rows = sorted(each for each in self._machines.items() if start is None or each[0] > start)
        return MachinePage(rows[:limit], rows[limit - 1][0] if len(rows) > limit else None)
