"""Attributes the death of a child to the task that caused it, and fails this task."""

from __future__ import annotations

import logging
import signal
import time
from typing import Final

from shoal.worker.fork_client import ChildHandle
from shoal.worker.memory_guard import MemoryGuard
from shoal.worker.outcome import TimestampFormatter, failed, timeout_message
from shoal.worker.segment import KillReason, Segment

_LOG = logging.getLogger("shoal.worker")
_EARLY_DEATHS: Final = 3
_CORRUPT: Final = "the child process wrote something else than the outcomes of its tasks"
_MEGABYTE: Final = 1024 * 1024


class ChildrenKeepDying(Exception):  # noqa: N818 - named after the event
    """Three children in a row died before they started a task, so no task can be the cause."""


class ChildFailures:
    """Fails the current task of a child that died or was killed."""

    def __init__(self, memory: MemoryGuard | None) -> None:
        self._memory = memory
        self._timestamps = TimestampFormatter()

    def attribute(self, segment: Segment, child: ChildHandle, exit_code: int) -> None:
        """Fails the task that caused the death of the child, if there is one."""
        if segment.corrupt:
            self._fail_corrupt(segment, child)
            return
        current = segment.current_position(child)
        if segment.ended >= len(segment.assignment.tasks):
            return
        if current is None and not segment.killed:
            segment.early_deaths += 1
            if segment.early_deaths >= _EARLY_DEATHS:
                raise ChildrenKeepDying(describe_exit(exit_code))
        if segment.killed is KillReason.STOP:
            return  # killed on request
        if segment.concurrent and current is not None:
            segment.run_one_by_one()
            return
        if current != segment.ended:
            return  # the child died between two tasks
        if segment.killed is None:
            self._fail(segment, child, "WorkerChildDied", describe_exit(exit_code))
        elif current == segment.killed_position:
            self._fail(segment, child, *self._kill_error(segment))

    def _fail_corrupt(self, segment: Segment, child: ChildHandle) -> None:
        segment.corrupt = False
        if segment.concurrent:
            segment.run_one_by_one()
        elif segment.ended < len(segment.assignment.tasks) and not segment.stopping:
            self._fail(segment, child, "WorkerChildDied", _CORRUPT)

    def _kill_error(self, segment: Segment) -> tuple[str, str]:
        """Returns the error type and message for the reason why the worker killed the child."""
        if segment.killed is KillReason.TIMEOUT or self._memory is None:
            return "Timeout", timeout_message(segment.timeout)
        total = self._memory.limit // _MEGABYTE
        return (
            "OutOfMemory",
            f"used {segment.resident_mb} MB when the worker reached its limit of {total} MB",
        )

    def _fail(self, segment: Segment, child: ChildHandle, kind: str, message: str) -> None:
        """Records a failure of the current task."""
        index, attempt, _ = segment.assignment.tasks[segment.ended]
        current = child.shared_memory.current
        duration = time.monotonic() - current[1] if current else 0.0
        job, epoch = segment.assignment.job_id, segment.assignment.epoch
        log_fields = {"job": job, "task": f"{job}.{index}", "attempt": attempt, "epoch": epoch}
        _LOG.warning("%s: %s", kind, message, extra=log_fields)
        outcome = failed(
            *(index, attempt, self._timestamps.text(time.time() - duration), duration),
            kind=kind,
            message=message,
            tail=child.tail(),
            retryable=True,
        )
        segment.ended += 1
        segment.owner.outcomes([outcome])


def describe_exit(code: int) -> str:
    """Describes an exit code. Negative codes are signals."""
    if code >= 0:
        return f"the child process exited with code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    hint = " (out of memory?)" if -code == signal.SIGKILL else ""
    return f"the child process was killed by {name}{hint}"
