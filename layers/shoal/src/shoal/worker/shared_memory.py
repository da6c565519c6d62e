"""Memory that a child process and its worker share: the marker of the task in hand, and outcomes.

An outcome is on the slate as soon as its task ends, so whatever kills the child costs only the task
in hand. The worker reads outcomes after the child sent a byte or died, since the system call orders
the memory between processors; else only those that it had seen counted some time before.
"""

from __future__ import annotations

import mmap
import os
import tempfile
from typing import Final

from shoal.domain.sizing import MAX_CHUNK

CAPACITY: Final = 2 * 1024 * 1024
"""Bytes for outcomes; pages that are never written cost nothing."""

_NUMBER_BYTES: Final = 64
_POSITION, _STARTED, _USED, _STOP, _PRINTED, _PROGRESS, _PROCESS = range(7)
_HEADER: Final = _NUMBER_BYTES + 8 * MAX_CHUNK
"""Numbers, then for each position how much was printed before its task began."""
_STOP_AFTER_CURRENT: Final = 1
_CANCEL: Final = 2
_UNKNOWN: Final = -1.0
_END: Final = b"\n"
"""Ends an outcome; JSON texts have no line break in them."""


def new_descriptor() -> int:
    """A descriptor of anonymous memory for a slate."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("shoal-slate")
    else:
        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    os.ftruncate(descriptor, _HEADER + CAPACITY)
    return descriptor


class SharedMemory:
    """One side's view of it. Only the child marks and adds; only the worker clears and stops."""

    def __init__(self, descriptor: int) -> None:
        self._memory = mmap.mmap(descriptor, _HEADER + CAPACITY)
        self._header = memoryview(self._memory)[:_HEADER]
        self._numbers = self._header[:_NUMBER_BYTES].cast("q")
        self._times = self._header[:_NUMBER_BYTES].cast("d")
        self._printed_before = self._header[_NUMBER_BYTES:].cast("q")

    def close(self) -> None:
        """Unmap it."""
        for view in (self._numbers, self._times, self._printed_before, self._header):
            view.release()
        self._memory.close()

    # The child.

    def set_process(self, process: int) -> None:
        """Say who it is."""
        self._numbers[_PROCESS] = process

    def start_task(self, position: int, now: float, printed: int) -> None:
        """Take the task at this position in hand."""
        self._printed_before[position] = printed
        self._times[_STARTED] = now
        self._times[_PROGRESS] = _UNKNOWN
        self._numbers[_POSITION] = position

    def keep_alive(self, now: float) -> None:
        """Show that tasks that run at once do not keep each other from running."""
        self._times[_STARTED] = now

    def set_progress(self, fraction: float) -> None:
        """Note how far the task in hand is."""
        self._times[_PROGRESS] = fraction

    def add(self, outcome: bytes) -> bool:
        """Put down the outcome of the next task, if there is room."""
        begin = self._numbers[_USED]
        end = begin + len(outcome) + 1
        if end > CAPACITY:
            return False
        self._memory[_HEADER + begin : _HEADER + end] = outcome + _END
        self._numbers[_USED] = end
        return True

    @property
    def stopping(self) -> bool:
        """Whether the child is to leave the tasks after the one in hand."""
        return self._numbers[_STOP] != 0

    @property
    def cancelled(self) -> bool:
        """Whether the task in hand is to end early too."""
        return self._numbers[_STOP] == _CANCEL

    @property
    def printed(self) -> int:
        """Bytes of the child's output that the worker has read so far."""
        return self._numbers[_PRINTED]

    # The worker.

    @property
    def process(self) -> int:
        """Its process id, and that of its session; 0 before it has begun."""
        return self._numbers[_PROCESS]

    def reset(self) -> None:
        """Begin a new assignment."""
        self._numbers[_POSITION] = -1
        self._numbers[_USED] = 0
        self._numbers[_STOP] = 0

    def stop(self) -> None:
        """Ask the child to leave the tasks after the one in hand."""
        self._numbers[_STOP] = max(self._numbers[_STOP], _STOP_AFTER_CURRENT)

    def cancel(self) -> None:
        """Ask the task in hand to end early too."""
        self._numbers[_STOP] = _CANCEL

    def count_printed(self, size: int) -> None:
        """Note that so many more bytes of the child's output were read."""
        self._numbers[_PRINTED] += size

    @property
    def current(self) -> tuple[int, float, int] | None:
        """Position of the task in hand, when it began (monotonic), and bytes printed before it."""
        position = self._numbers[_POSITION]
        if position < 0:
            return None
        return position, self._times[_STARTED], self._printed_before[position]

    def output_owners(self, begin: int, end: int) -> list[tuple[int, int, int]]:
        """Whose the printed bytes from `begin` to `end` are: position, its first byte, its end.

        For tasks that run in their order. Position -1 is whatever was before them.
        """
        found = []
        position = self._numbers[_POSITION]
        while begin < end:
            since = max(begin, self._printed_before[position]) if position >= 0 else begin
            if since < end:
                found.append((position, since, end))
                end = since
            position -= 1
        return found[::-1]

    @property
    def progress(self) -> float | None:
        """How far the task in hand says that it is."""
        fraction = self._times[_PROGRESS]
        return None if fraction == _UNKNOWN else fraction

    @property
    def used(self) -> int:
        """Bytes of outcomes."""
        return self._numbers[_USED]

    def outcomes(self, begin: int, end: int) -> list[bytes]:
        """Outcomes in the order of their tasks, from byte to byte."""
        return self._memory[_HEADER + begin : _HEADER + end].split(_END)[:-1]

    def clear_outcomes(self) -> None:
        """Make room again, everything having been read."""
        self._numbers[_USED] = 0
