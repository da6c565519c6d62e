"""Restores the process state that tasks of a child share, so that one cannot affect the next.

This covers output, working directory, environment and memory limit. Changes are detected by audit
events, which have no cost while there are no changes.
"""

from __future__ import annotations

import io
import os
import resource
import sys
from collections.abc import Buffer
from pathlib import Path
from typing import Any, ClassVar, Final, TextIO

_AUDIT_EVENTS: Final = frozenset({"os.chdir", "os.putenv", "os.unsetenv"})
_PAGE: Final = resource.getpagesize()
_MEGABYTE: Final = 1024 * 1024


class CapturedOutput(io.FileIO):
    """Unbuffered standard output or error of a task, so that a kill loses no output."""

    written: ClassVar[bool] = False

    def write(self, data: Buffer, /) -> int:
        """Writes without buffering."""
        CapturedOutput.written = True
        return super().write(data)


class TaskSandbox:
    """The state at the start of the child.

    `output` is the target of the descriptors 1 and 2. `max_data` is the limit of the data segment
    in bytes for tasks without a memory limit.
    """

    def __init__(self, output: int, max_data: int | None = None) -> None:
        self.modified = False
        self._output = output
        self._pid = os.getpid()
        self._directory = os.open(".", os.O_RDONLY | os.O_DIRECTORY)
        self._environment = dict(os.environ)  # noqa: TID251 - to restore it after a task
        self._initial_resident = self._resident()
        self._max_data = max_data
        self._limited = max_data is not None
        sys.addaudithook(self._on_audit_event)

    def _on_audit_event(self, event: str, _: tuple[Any, ...]) -> None:
        if event in _AUDIT_EVENTS:
            self.modified = True

    def exit_if_forked(self) -> None:
        """Exits if this process was forked by a task and returned into the child's loop."""
        if os.getpid() != self._pid:
            os._exit(0)

    def restore(self) -> None:
        """Restores working directory and environment."""
        os.fchdir(self._directory)
        now = os.environ  # noqa: TID251 - as above
        if dict(now) != self._environment:
            for name in [*now]:
                if name not in self._environment:
                    del now[name]
            now.update(self._environment)
        self.modified = False

    def redirect(self) -> None:
        """Redirects standard output and error to the pipe again, in case a task closed them."""
        for descriptor in (1, 2):
            os.dup2(self._output, descriptor)

    def limit_memory(self, megabytes: int | None) -> None:
        """Limits the memory that the child may allocate in addition to its current memory."""
        if megabytes is None and not self._limited:
            return
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        soft = hard if self._max_data is None else self._max_data
        if megabytes is not None:
            soft = self._data() + megabytes * _MEGABYTE
        self._limited = megabytes is not None
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))

    def growth(self) -> int:
        """Returns how much the resident memory has grown since the start, in bytes."""
        return self._resident() - self._initial_resident

    @staticmethod
    def _resident() -> int:
        return _statm(1)

    @staticmethod
    def _data() -> int:
        return _statm(5)


def _statm(field: int) -> int:
    try:
        pages = Path("/proc/self/statm").read_bytes().split()[field]
    except FileNotFoundError:  # not Linux
        return 0
    return int(pages) * _PAGE


def streams() -> tuple[TextIO, TextIO]:
    """Returns standard output and error for tasks."""
    return _open_stream(1), _open_stream(2)


def _open_stream(descriptor: int) -> TextIO:
    raw = CapturedOutput(descriptor, "w", closefd=False)
    return io.TextIOWrapper(raw, encoding="utf-8", errors="backslashreplace", write_through=True)
