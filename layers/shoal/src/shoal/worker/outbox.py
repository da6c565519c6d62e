"""Queues the runs that must be reported and the messages that must be deleted."""

from __future__ import annotations

import threading
from collections import deque
from typing import Final

from shoal.wire.worker import MAX_BATCH, ReceivedMessage
from shoal.worker.health import ThreadWatchdog
from shoal.worker.in_flight import ChunkRun

_LINGER: Final = 0.005
"""Seconds that a report waits for other reports, to share a call with them."""


class Outbox:
    """All threads add to it; the reporter takes from it."""

    def __init__(self, watchdog: ThreadWatchdog) -> None:
        self._watchdog = watchdog
        self._due: dict[ChunkRun, bool] = {}
        self._settled: deque[ReceivedMessage] = deque()
        self._changed = threading.Condition()
        self._awaited_entries = 1
        """Entries that the reporter waits for. Fewer do not wake it."""
        self._closed = False

    def partial(self, run: ChunkRun) -> None:
        """Requests a report of the outcomes so far."""
        with self._changed:
            self._due.setdefault(run, False)
            self._notify()

    def final(self, run: ChunkRun) -> None:
        """Requests the final report, which ends the lease."""
        with self._changed:
            self._due[run] = True
            self._notify()

    def settle(self, *deliveries: ReceivedMessage) -> None:
        """Requests the deletion of messages."""
        with self._changed:
            self._settled.extend(deliveries)
            self._notify()

    def close(self) -> None:
        """Accepts no further entries and wakes the reporter."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    def wait(self) -> bool:
        """Waits for an entry, then briefly for more. Returns False once closed and empty."""
        with self._changed:
            for awaited, timeout in ((1, None), (MAX_BATCH, _LINGER)):
                self._awaited_entries = awaited
                self._watchdog.wait_for(
                    self._changed, lambda: self._closed or self._is_enough(), timeout
                )
            return bool(self._due or self._settled)

    def _is_enough(self) -> bool:
        return max(len(self._due), len(self._settled)) >= self._awaited_entries

    def _notify(self) -> None:
        if self._is_enough():
            self._changed.notify()

    def take_reports(self) -> list[tuple[ChunkRun, bool]]:
        """Returns the runs for one report call, and whether each report is final."""
        with self._changed:
            chosen = list(self._due.items())[:MAX_BATCH]
            for run, _ in chosen:
                del self._due[run]
            return chosen

    def take_settled(self) -> list[ReceivedMessage]:
        """Returns the messages for one delete call."""
        with self._changed:
            return [self._settled.popleft() for _ in range(min(MAX_BATCH, len(self._settled)))]
