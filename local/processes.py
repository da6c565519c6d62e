"""A file with the process ids of a twin, so that `down` can stop them after a crash."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

STOP_SECONDS: Final = 45.0
_COMMANDS: Final = ("local", "shoal worker")


@dataclass(frozen=True, slots=True)
class ProcessRegistry:
    """Stores the process ids of one twin."""

    home: Path

    @property
    def _file(self) -> Path:
        return self.home / "processes.json"

    def write(self, twin: int, others: Iterable[int]) -> None:
        """Stores the process id of the twin and those of its child processes."""
        text = json.dumps({"twin": twin, "others": list(others)})
        self.home.mkdir(parents=True, exist_ok=True)
        (self.home / "processes.new").write_text(text)
        (self.home / "processes.new").replace(self._file)

    def clear(self) -> None:
        """Removes the file."""
        self._file.unlink(missing_ok=True)

    def twin(self) -> int | None:
        """Returns the process id of a running twin, or None."""
        pid = self._read()["twin"]
        return pid if pid is not None and _is_running(pid) else None

    def stop(self) -> int:
        """Stops the twin or its remaining processes. Returns how many were stopped."""
        found = self._read()
        stopped = 0
        for pid in (found["twin"], *found["others"]):
            if pid is not None and _is_running(pid):
                _stop(pid)
                stopped += 1
        self.clear()
        return stopped

    def _read(self) -> dict[str, Any]:
        if not self._file.exists():
            return {"twin": None, "others": []}
        found: dict[str, Any] = json.loads(self._file.read_text())
        return found


def _is_running(pid: int) -> bool:
    """Whether the process is running and belongs to a twin, since ids are reused."""
    output = subprocess.run(  # noqa: S603
        ["ps", "-o", "stat=,command=", "-p", str(pid)],  # noqa: S607 - wherever ps is
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    alive = not output.lstrip().startswith("Z")
    return alive and any(f"-m {name}" in output for name in _COMMANDS)


def _stop(pid: int) -> None:
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while time.monotonic() < deadline:
        if not _is_running(pid):
            return
        time.sleep(0.1)
    os.kill(pid, signal.SIGKILL)
