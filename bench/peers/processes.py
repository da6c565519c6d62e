"""Processes of a run: the CPU that a tree of them has used, and their end."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_CPU_OF_PROCESS: Final = 2
_PATIENCE: Final = 15.0


def tree(pid: int) -> Iterator[int]:
    """A process and all that descend from it."""
    yield pid
    for thread in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, thread.read_text().split()):
            yield from tree(child)


def cpu(pids: Iterator[int]) -> dict[int, float]:
    """CPU seconds of each process, user and system, with its threads that ended.

    Linux has a clock for each process; its number is made of the process id.
    """
    return {pid: time.clock_gettime(~pid << 3 | _CPU_OF_PROCESS) for pid in pids}


def used(before: dict[int, float], after: dict[int, float]) -> float:
    """Return the CPU seconds of a process tree between two readings; none may have ended."""
    if ended := before.keys() - after.keys():
        raise RuntimeError(f"processes ended during the measurement: {sorted(ended)}")
    return sum(seconds - before.get(pid, 0.0) for pid, seconds in after.items())


def end(process: subprocess.Popen[bytes]) -> None:
    """Terminate it; kill it and its group if it does not exit."""
    process.terminate()
    try:
        process.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
