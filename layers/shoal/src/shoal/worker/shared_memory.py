"""Memory that a child process shares with its worker: the current task and the outcomes.

A child writes each outcome as soon as the task ends, so the death of the child loses only the
current task. The worker reads outcomes after a message or the exit of the child, because the system
call is a memory barrier. Otherwise it reads only outcomes that it has seen at an earlier poll.

A task can write anything here. Whatever it writes, the worker reads values in their range.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import tempfile
import time
from typing import Final

from shoal.domain.sizing import MAX_CHUNK

CAPACITY: Final = 2 * 1024 * 1024
"""Bytes for outcomes. Pages that are never written use no memory."""

_NUMBER_BYTES: Final = 64
_POSITION, _STARTED, _USED, _STOP, _PRINTED, _PROGRESS = range(6)
_HEADER: Final = _NUMBER_BYTES + 8 * MAX_CHUNK
"""The numbers, then for each position the bytes of output before its task started."""
_STOP_AFTER_CURRENT: Final = 1
_CANCEL: Final = 2
_UNKNOWN: Final = -1.0
_END: Final = b"\n"
"""Terminates an outcome. The encoded JSON contains no line breaks."""


def new_descriptor() -> int:
    """Returns a descriptor of new anonymous memory."""
    if hasattr(os, "memfd_create"):
        flags = os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING
        descriptor = os.memfd_create("shoal-outcomes", flags)
    else:
        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    os.ftruncate(descriptor, _HEADER + CAPACITY)
    if hasattr(os, "memfd_create"):  # a child that shrinks it would kill its worker
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL)
    return descriptor


class SharedMemory:
    """The view of one process. The child writes its state; the worker writes stop and reset."""

    def __init__(self, descriptor: int) -> None:
        self._memory = mmap.mmap(descriptor, _HEADER + CAPACITY)
        self._header = memoryview(self._memory)[:_HEADER]
        self._numbers = self._header[:_NUMBER_BYTES].cast("q")
        self._times = self._header[:_NUMBER_BYTES].cast("d")
        self._printed_before = self._header[_NUMBER_BYTES:].cast("q")

    def close(self) -> None:
        """Unmaps the memory."""
        for view in (self._numbers, self._times, self._printed_before, self._header):
            view.release()
        self._memory.close()

    # Used by the child.

    def start_task(self, position: int, now: float, printed: int) -> None:
        """Makes the task at `position` the current one."""
        self._printed_before[position] = printed
        self._times[_STARTED] = now
        self._times[_PROGRESS] = _UNKNOWN
        self._numbers[_POSITION] = position

    def keep_alive(self, now: float) -> None:
        """Shows that the event loop of concurrent tasks is not blocked."""
        self._times[_STARTED] = now

    def set_progress(self, fraction: float) -> None:
        """Stores the progress of the current task."""
        self._times[_PROGRESS] = fraction

    def add(self, outcome: bytes) -> bool:
        """Appends an outcome. Returns False if the memory is full."""
        begin = self._numbers[_USED]
        end = begin + len(outcome) + 1
        if end > CAPACITY:
            return False
        self._memory[_HEADER + begin : _HEADER + end] = outcome + _END
        self._numbers[_USED] = end
        return True

    @property
    def stopping(self) -> bool:
        """Whether the child must stop after its current task."""
        return self._numbers[_STOP] != 0

    @property
    def cancelled(self) -> bool:
        """Whether the current task is cancelled too."""
        return self._numbers[_STOP] == _CANCEL

    @property
    def printed(self) -> int:
        """Bytes of the child's output that the worker has read so far."""
        return self._numbers[_PRINTED]

    # Used by the worker.

    def reset(self) -> None:
        """Prepares for a new assignment."""
        self._numbers[_POSITION] = -1
        self._numbers[_USED] = 0
        self._numbers[_STOP] = 0

    def stop(self) -> None:
        """Stops the child after its current task."""
        self._numbers[_STOP] = max(self._numbers[_STOP], _STOP_AFTER_CURRENT)

    def cancel(self) -> None:
        """Cancels the current task and stops the child."""
        self._numbers[_STOP] = _CANCEL

    def set_printed(self, size: int) -> None:
        """Sets the number of bytes read from the child's output."""
        self._numbers[_PRINTED] = size

    @property
    def current(self) -> tuple[int, float, int] | None:
        """Position, monotonic start time and preceding output bytes of the current task."""
        position, started, now = self._numbers[_POSITION], self._times[_STARTED], time.monotonic()
        if not 0 <= position < MAX_CHUNK:
            return None
        return position, started if 0.0 <= started <= now else now, self._printed_before[position]

    def output_owners(self, begin: int, end: int) -> list[tuple[int, int, int]]:
        """Attributes the output bytes from `begin` to `end` to tasks that run in order.

        Returns position, first byte and end for each task. Position -1 is output before any task.
        """
        found = []
        position = min(self._numbers[_POSITION], MAX_CHUNK - 1)
        while begin < end:
            since = max(begin, self._printed_before[position]) if position >= 0 else begin
            if since < end:
                found.append((position, since, end))
                end = since
            position -= 1
        return found[::-1]

    @property
    def progress(self) -> float | None:
        """The progress of the current task; None if it has not reported any."""
        fraction = self._times[_PROGRESS]
        return fraction if 0.0 <= fraction <= 1.0 else None

    @property
    def used(self) -> int:
        """The number of bytes of outcomes."""
        return min(self._numbers[_USED], CAPACITY)

    def outcomes(self, begin: int, end: int) -> list[bytes]:
        """Returns the outcomes between two bytes, in order."""
        return self._memory[_HEADER + begin : _HEADER + end].split(_END)[:-1]

    def clear_outcomes(self) -> None:
        """Clears the outcomes after the worker has read them all."""
        self._numbers[_USED] = 0
