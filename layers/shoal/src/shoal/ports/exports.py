"""What carries exports out, and the files it writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from shoal.domain.export import Cursor
from shoal.ports.workflow import ExecutionStatus


@dataclass(frozen=True, slots=True)
class ExportRun:
    """An export's execution, which has a cursor once it succeeded; times in seconds."""

    status: ExecutionStatus
    began_at: float | None = None
    ended_at: float | None = None
    cursor: Cursor | None = None
    error: str | None = None


class ExportRuns(Protocol):
    """What carries exports out."""

    def start(self, tenant: str, job_id: str, export_id: str) -> None:
        """Start one; one of the same job and id, running or ended, counts as started."""

    def describe(self, job_id: str, export_id: str) -> ExportRun | None:
        """How far it is, or None if it was never started."""


class ExportFiles(Protocol):
    """Files that are written in parts, in the results bucket."""

    def begin(self, key: str) -> str:
        """A new upload; nothing of it is there before it is finished."""

    def append(self, key: str, upload: str, number: int, body: bytes) -> str:
        """Write a part, over one of the same number; its tag."""

    def finish(self, key: str, upload: str, tags: Sequence[str]) -> None:
        """Let the file be there, of these parts in order. One that is finished is left alone."""

    def link(self, key: str, *, seconds: int) -> str:
        """A URL that reads it, for so long."""
