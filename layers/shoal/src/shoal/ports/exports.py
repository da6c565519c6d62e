"""Executions and files of exports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from shoal.domain.export import Cursor
from shoal.ports.workflow import ExecutionStatus


@dataclass(frozen=True, slots=True)
class ExportRun:
    """The execution of an export, with a cursor once it succeeded; times are in seconds."""

    status: ExecutionStatus
    began_at: float | None = None
    ended_at: float | None = None
    cursor: Cursor | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class ExportSlot:
    """One of the exports that a tenant can run at once; `taken_at` is in seconds.

    `job_version` is set if the job had ended: exports with equal versions have equal files.
    """

    number: int
    job_id: str
    export_id: str
    job_version: int | None
    taken_at: float


class ExportSlots(Protocol):
    """The running exports of a tenant, and the exports that answered idempotency keys."""

    def taken(self, tenant: str) -> Sequence[ExportSlot]:
        """Return the slots of running and ended exports."""

    def take(self, tenant: str, slot: ExportSlot, *, over: ExportSlot | None) -> bool:
        """Take a slot that is as it was read; return False if another request took it."""

    def answered(self, tenant: str, keyed_id: str) -> str | None:
        """Return the export that answered a key with this id, if it was another one."""

    def record_answer(self, tenant: str, keyed_id: str, export_id: str, *, expires_at: int) -> None:
        """Record that an export answered the key with this id."""


class ExportRuns(Protocol):
    """Executions of exports."""

    def start(self, tenant: str, job_id: str, export_id: str) -> None:
        """Start an export; one with the same job and id, running or ended, counts as started."""

    def describe(self, job_id: str, export_id: str) -> ExportRun | None:
        """Return its state, or None if it was never started."""


class ExportFiles(Protocol):
    """Files in the results bucket that are written in parts."""

    def begin(self, key: str) -> str:
        """Begin an upload; the file does not exist before it is finished."""

    def append(self, key: str, upload: str, number: int, body: bytes) -> str:
        """Write a part, replacing one with the same number; return its tag."""

    def finish(self, key: str, upload: str, tags: Sequence[str]) -> None:
        """Complete the file from these parts, in order; a completed file stays unchanged."""

    def link(self, key: str, *, seconds: int) -> str:
        """Return a URL that reads the object, valid for the given seconds."""
