"""Running exports in the registry.

- `export#{tenant}`, by number: a slot, with its job and export
- `export-key#{tenant}`, by the id that a key stands for: the export that answered the key
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from shoal.adapters.rows.attributes import Row, float_of, int_of, number, text, text_of
from shoal.domain.job import DAY
from shoal.ports.exports import ExportSlot

if TYPE_CHECKING:
    from shoal.adapters.dynamodb.registry import Registry


class DynamoExportSlots:
    """A slot stays after its export has ended, until it is taken again or expires."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def taken(self, tenant: str) -> Sequence[ExportSlot]:
        return [*map(_slot, self._registry.partition(f"export#{tenant}"))]

    def take(self, tenant: str, slot: ExportSlot, *, over: ExportSlot | None) -> bool:
        version = slot.job_version
        row: Row = {
            **self._registry.key(f"export#{tenant}", f"{slot.number:02}"),
            "job_id": text(slot.job_id),
            "export_id": text(slot.export_id),
            "taken_at": number(slot.taken_at),
            "expires_at": number(int(slot.taken_at) + 30 * DAY),
            **({} if version is None else {"job_version": number(version)}),
        }
        if over is None:
            return self._registry.put_if(row, "attribute_not_exists(pk)", {})
        before = {":export": text(over.export_id), ":at": number(over.taken_at)}
        condition = "export_id = :export AND taken_at = :at"
        return self._registry.put_if(row, condition, before)

    def answered(self, tenant: str, keyed_id: str) -> str | None:
        row = self._registry.get(f"export-key#{tenant}", keyed_id)
        return None if row is None else text_of(row, "export_id")

    def record_answer(self, tenant: str, keyed_id: str, export_id: str, *, expires_at: int) -> None:
        row: Row = {
            **self._registry.key(f"export-key#{tenant}", keyed_id),
            "export_id": text(export_id),
            "expires_at": number(expires_at),
        }
        self._registry.put_if(row, "attribute_not_exists(pk)", {})


def _slot(row: Row) -> ExportSlot:
    return ExportSlot(
        number=int(row["sk"]["S"]),
        job_id=text_of(row, "job_id"),
        export_id=text_of(row, "export_id"),
        job_version=int_of(row, "job_version") if "job_version" in row else None,
        taken_at=float_of(row, "taken_at"),
    )
