"""The CPU time of processes, and waiting until a platform is idle."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.support.platform import Platform

_LOOK_SECONDS: Final = 0.25
_IDLE_SHARE: Final = 0.08
_PATIENCE_SECONDS: Final = 60.0


def descendants(pid: int) -> Iterator[int]:
    """The processes that a process started, and those that they started."""
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, _read(task).split()):
            yield child
            yield from descendants(child)


def spent(pid: int) -> float:
    """CPU seconds of a process and of its children that ended; 0 if it ended itself."""
    fields = _read(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def _read(file: Path) -> str:
    try:
        return file.read_text()
    except (FileNotFoundError, ProcessLookupError):  # it ended meanwhile
        return ""


def emulator_pid(platform: Platform) -> int:
    """Return the process id of the emulator."""
    if platform.emulator.process is None:
        raise SystemExit("the emulator has ended")
    return platform.emulator.process.pid


def settle(platform: Platform) -> None:
    """Wait until the emulator and its functions rest, so that what follows is measured alone."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    before = _platform(platform)
    while time.monotonic() < deadline:
        time.sleep(_LOOK_SECONDS)
        now = _platform(platform)
        if now - before < _IDLE_SHARE * _LOOK_SECONDS:
            return
        before = now
    raise SystemExit("the platform did not come to rest")


def _platform(platform: Platform) -> float:
    emulator = emulator_pid(platform)
    return sum(map(spent, [emulator, *descendants(emulator)]))
