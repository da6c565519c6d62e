"""Queues the runs that must be reported and the messages that must be deleted."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Final

from shoal.wire.worker import MAX_BATCH, ReceivedMessage
from shoal.worker.chunk_run import ChunkRun
from shoal.worker.health import ThreadWatchdog

_LINGER: Final = 0.005
"""Seconds that a report waits for other reports, to share a call with them."""


class Outbox:
    """All threads add to it; the reporter takes from it.

    A run whose report failed is delayed: it is taken again later, and the others before it.
    """

    def __init__(self, watchdog: ThreadWatchdog, monotonic: Callable[[], float]) -> None:
        self._watchdog = watchdog
        self._monotonic = monotonic
        self._due: dict[ChunkRun, bool] = {}
        self._delayed: dict[ChunkRun, float] = {}
        """When runs of `_due` may be taken again."""
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

    def delay(self, run: ChunkRun, seconds: float, *, final: bool) -> None:
        """Requests the same report again after a delay; not at all once the outbox is closed."""
        with self._changed:
            if not self._closed:
                self._due[run] = self._due.get(run, False) or final
                self._delayed[run] = self._monotonic() + seconds

    def settle(self, *deliveries: ReceivedMessage) -> None:
        """Requests the deletion of messages."""
        with self._changed:
            self._settled.extend(deliveries)
            self._notify()

    def close(self) -> None:
        """Accepts no further entries and wakes the reporter. Ends the delays."""
        with self._changed:
            self._closed = True
            self._delayed.clear()
            self._changed.notify()

    def wait(self) -> bool:
        """Waits for an entry, then briefly for more. Returns False once closed and empty."""
        with self._changed:
            self._awaited_entries = 1
            while not (self._closed or self._is_enough()):
                self._watchdog.wait_for(self._changed, self._is_awaited, self._seconds_to_delayed())
                self._end_delays()
            self._awaited_entries = MAX_BATCH
            self._watchdog.wait_for(self._changed, self._is_awaited, _LINGER)
            return bool(self._due or self._settled)

    def _seconds_to_delayed(self) -> float | None:
        """Returns the seconds until a delayed run is due; None without one."""
        if not self._delayed:
            return None
        seconds = min(self._delayed.values()) - self._monotonic()
        return min(max(0.0, seconds), self._watchdog.idle_seconds)

    def _end_delays(self) -> None:
        now = self._monotonic()
        for run in [run for run, until in self._delayed.items() if until <= now]:
            del self._delayed[run]

    def _is_awaited(self) -> bool:
        return self._closed or self._is_enough()

    def _is_enough(self) -> bool:
        return max(len(self._due) - len(self._delayed), len(self._settled)) >= self._awaited_entries

    def _notify(self) -> None:
        if self._is_enough():
            self._changed.notify()

    def take_reports(self) -> list[tuple[ChunkRun, bool]]:
        """Returns the runs for one report call, and whether each report is final."""
        with self._changed:
            self._end_delays()
            ready = [each for each in self._due.items() if each[0] not in self._delayed]
            for run, _ in ready[:MAX_BATCH]:
                del self._due[run]
            return ready[:MAX_BATCH]

    def take_settled(self) -> list[ReceivedMessage]:
        """Returns the messages for one delete call."""
        with self._changed:
            return [self._settled.popleft() for _ in range(min(MAX_BATCH, len(self._settled)))]
