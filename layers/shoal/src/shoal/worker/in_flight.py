"""What the worker has in hand: a run for each message, and how many slots are free."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any, Final

from shoal.wire.worker import MAX_BATCH, ChunkMessage, Lease, ReceivedMessage
from shoal.worker.health import ThreadWatchdog
from shoal.worker.ports import ChunkSpan
from shoal.worker.segment import Segment

_UNREPORTED: Final = 2 * MAX_BATCH
"""Messages in hand, besides those that run, at which no more are fetched: one call for reports is
under way, the next fills. More would only wait, and need heartbeats."""


class ChunkRun:
    """A message in hand and, once leased, the chunk that runs. Fields belong to its lock."""

    def __init__(
        self, message: ChunkMessage, delivery: ReceivedMessage, received_at: float
    ) -> None:
        self.key = (message.job, message.chunk)
        self.delivery = delivery
        self.received_at = received_at
        self.renewed_at = received_at
        self.lock = threading.Lock()
        self.lease: Lease | None = None
        self.span: ChunkSpan | None = None
        self.segment: Segment | None = None
        """What the pool runs of it now."""
        self.pending: list[Segment] = []
        """What is to run after the next report is acknowledged."""
        self.reported = 0
        self.holds_slot = False
        self.stopping = False
        """No further segment is to begin."""
        self.concluded = False
        """No further segment can begin; the final report is due or sent, or there is none."""
        self.dropped = False
        """Nothing of it is reported any more."""
        self.delete_when_dropped = False
        self.release_at = float("inf")
        self.on_end: Callable[[ChunkRun], None]
        self._outcomes: list[bytes] = []

    def outcomes(self, outcomes: list[bytes]) -> None:
        """Tasks of it ended."""
        with self.lock:
            self._outcomes += outcomes

    def ended(self) -> None:
        """The pool runs nothing of it any more."""
        self.on_end(self)

    def take_outcomes(self) -> list[bytes]:
        """The outcomes that no report carried yet."""
        with self.lock:
            resident_by_session, self._outcomes = self._outcomes, []
        return resident_by_session

    @property
    def has_outcomes(self) -> bool:
        """Whether there is something to report."""
        return bool(self._outcomes)

    @property
    def log_fields(self) -> dict[str, Any]:
        """What its log lines carry."""
        job, chunk = self.key
        return {"job": job, "chunk": chunk, "epoch": self.lease.epoch if self.lease else None}


class InFlight:
    """All runs in hand, by chunk. A slot is taken by a run that has tasks in the pool."""

    def __init__(self, slots: int, watchdog: ThreadWatchdog) -> None:
        self._slots = slots
        self._watchdog = watchdog
        self._busy = 0
        self._runs: dict[tuple[str, int], ChunkRun] = {}
        self._changed = threading.Condition()
        self._wanted = 0
        """Free slots that the fetcher waits for; it is not woken for fewer."""

    def admit(self, run: ChunkRun) -> bool:
        """Put it on the desk, unless its chunk is there already (delivered twice)."""
        with self._changed:
            return self._runs.setdefault(run.key, run) is run

    def remove(self, *runs: ChunkRun) -> None:
        """They are settled, one way or the other."""
        with self._changed:
            for run in runs:
                if self._runs.get(run.key) is run:
                    del self._runs[run.key]
            self._notify()

    def runs(self) -> Sequence[ChunkRun]:
        """What is in hand now."""
        with self._changed:
            return list(self._runs.values())

    def take_slot(self) -> None:
        """A run begins."""
        with self._changed:
            self._busy += 1

    def free_slot(self) -> None:
        """A run has ended."""
        with self._changed:
            self._busy -= 1
            self._notify()

    def wait_for_slots(self, stop: threading.Event, linger: float) -> int:
        """Wait until slots are free, then `linger` seconds for more; how many, 0 once given up."""
        with self._changed:
            for wanted, timeout in ((1, None), (self._slots, linger)):
                self._wanted = wanted
                self._watchdog.wait_for(
                    self._changed,
                    lambda: self._free() >= self._wanted or stop.is_set(),
                    timeout,
                )
            self._wanted = 0
            return 0 if stop.is_set() else self._free()

    def wait_until_empty(self, stop: threading.Event, seconds: float | None = None) -> bool:
        """Wait until nothing is in hand; whether that is so."""
        with self._changed:
            self._changed.wait_for(lambda: not self._runs or stop.is_set(), seconds)
            return not self._runs

    def slots(self) -> tuple[int, int]:
        """How many are busy, and how many are not."""
        with self._changed:
            return self._busy, max(0, self._slots - self._busy)

    def lease_age(self, now: float) -> float:
        """Seconds since the lease that waits longest was extended."""
        renewed = (run.renewed_at for run in self.runs() if run.lease)
        return now - min(renewed, default=now)

    def wake(self) -> None:
        """Have whoever waits look at what it may have given up for."""
        with self._changed:
            self._changed.notify_all()

    def _notify(self) -> None:
        if not self._runs or 0 < self._wanted <= self._free():
            self._changed.notify_all()

    def _free(self) -> int:
        return min(self._slots - self._busy, self._slots + _UNREPORTED - len(self._runs))
