"""Detects when the container is about to exceed its memory limit.

At the limit, the kernel kills all processes of a Kubernetes container: the worker and every task.
So the worker kills its largest child shortly before.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Self

_CGROUP: Final = Path("/sys/fs/cgroup")
_PROC: Final = Path("/proc")
_HEADROOM: Final = 0.06
"""The share of the memory that stays free, for growth between two checks."""
_SESSION: Final = 3
_RESIDENT: Final = 21
"""Positions of fields after the name in `/proc/PID/stat`."""
_PAGE: Final = 4096


class MemoryGuard:
    """Reads the memory usage and the limit of the container from cgroup v2."""

    def __init__(self, directory: Path, limit: int) -> None:
        self.limit = limit
        """The memory limit of the container in bytes."""
        self._directory = directory
        self._threshold = int(limit * (1 - _HEADROOM))

    @classmethod
    def of_container(cls, directory: Path = _CGROUP) -> Self | None:
        """Returns the guard of this container; None without a limit or without cgroup v2."""
        try:
            limit = (directory / "memory.max").read_text()
            (directory / "memory.current").read_text()
        except OSError:
            return None
        return cls(directory, int(limit)) if limit.strip().isdigit() else None

    def is_nearly_exhausted(self) -> bool:
        """Whether the memory is nearly exhausted. Reclaimable file cache does not count."""
        try:
            used = int((self._directory / "memory.current").read_text())
            return used > self._threshold and used - self._reclaimable() > self._threshold
        except (OSError, ValueError):
            return False

    def _reclaimable(self) -> int:
        lines = (self._directory / "memory.stat").read_text().splitlines()
        return next(
            (int(line.split()[1]) for line in lines if line.startswith("inactive_file ")), 0
        )


def resident_by_session() -> Mapping[int, int]:
    """Returns resident bytes by session id. Each child and its subprocesses form a session."""
    found: dict[int, int] = defaultdict(int)
    for stat in _PROC.glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:  # the process has ended
            continue
        found[int(fields[_SESSION])] += int(fields[_RESIDENT]) * _PAGE
    return found
