"""The chunks in flight: a run for each message that the worker holds, and the free slots."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Final

from shoal.wire.worker import MAX_BATCH
from shoal.worker.chunk_run import ChunkRun
from shoal.worker.health import ThreadWatchdog

_UNREPORTED: Final = 2 * MAX_BATCH
"""Maximum number of unreported messages in addition to the running ones: enough for one report call
in progress and the next one. More would only wait and need heartbeats."""


class InFlight:
    """All runs, by chunk. A run occupies a slot while its tasks are in the pool."""

    def __init__(self, slots: int, watchdog: ThreadWatchdog) -> None:
        self._slots = slots
        self._watchdog = watchdog
        self._busy = 0
        self._runs: dict[tuple[str, int], ChunkRun] = {}
        self._changed = threading.Condition()
        self._awaited_slots = 0
        """Free slots that the fetcher waits for. Fewer do not wake it."""

    def admit(self, run: ChunkRun) -> bool:
        """Adds a run. Returns False if its chunk is already in flight (a duplicate delivery)."""
        with self._changed:
            return self._runs.setdefault(run.key, run) is run

    def remove(self, *runs: ChunkRun) -> None:
        """Removes runs that have ended."""
        with self._changed:
            for run in runs:
                if self._runs.get(run.key) is run:
                    del self._runs[run.key]
            self._notify()

    def runs(self) -> Sequence[ChunkRun]:
        """Returns the current runs."""
        with self._changed:
            return list(self._runs.values())

    def take_slot(self) -> None:
        """Occupies a slot."""
        with self._changed:
            self._busy += 1

    def free_slot(self) -> None:
        """Frees a slot."""
        with self._changed:
            self._busy -= 1
            self._notify()

    def wait_for_slots(self, stop: threading.Event, linger: float) -> int:
        """Waits for a free slot, then up to `linger` seconds for more. Returns their number.

        Returns 0 once `stop` is set.
        """
        with self._changed:
            for awaited, timeout in ((1, None), (self._slots, linger)):
                self._awaited_slots = awaited
                self._watchdog.wait_for(
                    self._changed,
                    lambda: self._free() >= self._awaited_slots or stop.is_set(),
                    timeout,
                )
            self._awaited_slots = 0
            return 0 if stop.is_set() else self._free()

    def wait_until_empty(self, stop: threading.Event, seconds: float | None = None) -> bool:
        """Waits until there are no runs. Returns False on timeout or stop."""
        with self._changed:
            self._changed.wait_for(lambda: not self._runs or stop.is_set(), seconds)
            return not self._runs

    def slots(self) -> tuple[int, int]:
        """Returns the number of busy and of free slots."""
        with self._changed:
            return self._busy, max(0, self._slots - self._busy)

    def lease_age(self, now: float) -> float:
        """Returns the seconds since the extension of the least recently extended lease."""
        renewed = (run.renewed_at for run in self.runs() if run.lease)
        return now - min(renewed, default=now)

    def wake(self) -> None:
        """Wakes waiting threads, so that they check their stop events."""
        with self._changed:
            self._changed.notify_all()

    def _notify(self) -> None:
        if not self._runs or 0 < self._awaited_slots <= self._free():
            self._changed.notify_all()

    def _free(self) -> int:
        return min(self._slots - self._busy, self._slots + _UNREPORTED - len(self._runs))
