"""Keeps a container within its memory.

Where a process runs out of it Kubernetes has the kernel kill all processes of the container, the
worker and every task with it. So the worker ends the largest child a little before.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Self

_CGROUP: Final = Path("/sys/fs/cgroup")
_PROC: Final = Path("/proc")
_HEADROOM: Final = 0.06
"""The part of the memory that is left free: what children take between two looks."""
_SESSION: Final = 3
_RESIDENT: Final = 21
"""Places of fields after the name in `/proc/PID/stat`."""
_PAGE: Final = 4096


class MemoryGuard:
    """The memory of the container, by the files of its control group (version 2)."""

    def __init__(self, directory: Path, limit: int) -> None:
        self.limit = limit
        """Bytes."""
        self._directory = directory
        self._threshold = int(limit * (1 - _HEADROOM))

    @classmethod
    def of_container(cls, directory: Path = _CGROUP) -> Self | None:
        """That of this process's container; None if it has no limit, or nobody tells."""
        try:
            limit = (directory / "memory.max").read_text()
            (directory / "memory.current").read_text()
        except OSError:
            return None
        return cls(directory, int(limit)) if limit.strip().isdigit() else None

    def is_nearly_exhausted(self) -> bool:
        """Whether it is nearly used up. Pages of files that the kernel can drop are not used."""
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
    """Bytes in memory by session: a child begins one, and what it starts is in it."""
    found: dict[int, int] = defaultdict(int)
    for stat in _PROC.glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:  # it ended meanwhile
            continue
        found[int(fields[_SESSION])] += int(fields[_RESIDENT]) * _PAGE
    return found
