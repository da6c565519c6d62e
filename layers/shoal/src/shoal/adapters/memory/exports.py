"""Exports in memory."""

from __future__ import annotations

from collections.abc import Sequence

from shoal.ports.exports import ExportRun, ExportSlot
from shoal.ports.workflow import ExecutionStatus


class MemoryExportRuns:
    """Executions by job and export; tests end them."""

    def __init__(self) -> None:
        self.runs: dict[tuple[str, str], ExportRun] = {}
        self.started: list[tuple[str, str, str]] = []

    def start(self, tenant: str, job_id: str, export_id: str) -> None:
        if (job_id, export_id) not in self.runs:
            self.runs[job_id, export_id] = ExportRun(ExecutionStatus.RUNNING)
            self.started.append((tenant, job_id, export_id))

    def describe(self, job_id: str, export_id: str) -> ExportRun | None:
        return self.runs.get((job_id, export_id))


class MemoryExportSlots:
    """Slots by tenant and number."""

    def __init__(self) -> None:
        self._slots: dict[tuple[str, int], ExportSlot] = {}
        self._answers: dict[tuple[str, str], str] = {}

    def taken(self, tenant: str) -> Sequence[ExportSlot]:
        return [slot for (of, _), slot in sorted(self._slots.items()) if of == tenant]

    def take(self, tenant: str, slot: ExportSlot, *, over: ExportSlot | None) -> bool:
        if self._slots.get((tenant, slot.number)) != over:
            return False
        self._slots[tenant, slot.number] = slot
        return True

    def answered(self, tenant: str, keyed_id: str) -> str | None:
        return self._answers.get((tenant, keyed_id))

    def record_answer(self, tenant: str, keyed_id: str, export_id: str, *, expires_at: int) -> None:
        del expires_at
        self._answers[tenant, keyed_id] = export_id


class MemoryExportFiles:
    """Parts by upload and number, and completed files."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self._parts: dict[tuple[str, int], bytes] = {}
        self._uploads = 0

    def begin(self, key: str) -> str:
        self._uploads += 1
        return f"{key}#{self._uploads}"

    def append(self, key: str, upload: str, number: int, body: bytes) -> str:
        del key
        self._parts[upload, number] = body
        return f"tag-{number}"

    def finish(self, key: str, upload: str, tags: Sequence[str]) -> None:
        if key not in self.files:
            numbers = range(1, len(tags) + 1)
            self.files[key] = b"".join(self._parts[upload, number] for number in numbers)

    def link(self, key: str, *, seconds: int) -> str:
        return f"memory://results/{key}?read={seconds}"
