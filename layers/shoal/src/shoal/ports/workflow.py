"""The state machine of a job."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol


class ExecutionStatus(StrEnum):
    """The status of an execution, as in Step Functions."""

    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    TIMED_OUT = "TIMED_OUT"
    ABORTED = "ABORTED"


@dataclass(frozen=True, slots=True)
class Execution:
    """One execution; `output` is its parsed output, `stopped_at` in seconds since the epoch."""

    status: ExecutionStatus
    stopped_at: float | None = None
    output: Mapping[str, Any] | None = None
    error: str | None = None


class Workflow(Protocol):
    """The state machine."""

    def start(self, job_id: str, generation: int, number: int) -> None:
        """Start an execution; one with the same name, running or ended, counts as started."""

    def describe(self, job_id: str, generation: int, number: int) -> Execution | None:
        """Return the execution, or None if it was never started."""

    def answer(self, token: str) -> None:
        """Wake the execution that waits with this token; an expired token is ignored."""
