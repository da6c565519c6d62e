"""API clients in the registry, under `machine` by client id."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shoal.adapters.aws_errors import translated
from shoal.adapters.rows.attributes import text, text_of
from shoal.ports.machines import MachinePage

if TYPE_CHECKING:
    from shoal.adapters.dynamodb.registry import Registry

_PARTITION: Final = "machine"


class DynamoMachineStore:
    """One row per client, read strongly, so that a removal applies at once."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def tenant_of(self, client: str) -> str | None:
        row = self._registry.get(_PARTITION, client)
        return None if row is None else text_of(row, "tenant")

    def put(self, client: str, tenant: str) -> None:
        item = {**self._registry.key(_PARTITION, client), "tenant": text(tenant)}
        with translated():
            self._registry.client.put_item(TableName=self._registry.name, Item=item)

    def remove(self, client: str, *, remembered_until: int) -> bool:
        return self._registry.remove(_PARTITION, client, remembered_until=remembered_until)

    def page(self, *, limit: int, start: str | None) -> MachinePage:
        rows, following = self._registry.page(_PARTITION, limit=limit, start=start)
        return MachinePage([(row["sk"]["S"], text_of(row, "tenant")) for row in rows], following)
