"""Liveness and readiness of the worker, derived from its threads."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Final

STUCK_SECONDS: Final = 60.0
"""Seconds after the deadline of its next ping at which a thread counts as stuck."""
MAX_CALL_SECONDS: Final = 300.0
"""Seconds that a remote call may take. Calls have their own timeouts, and restarting the worker
would not make the remote service respond, but would lose the running tasks."""
IDLE_SECONDS: Final = 20.0
"""Seconds between the pings of a thread that waits for work."""


class ThreadWatchdog:
    """Detects stuck threads. Each watched thread pings it in every iteration of its loop."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self.idle_seconds = IDLE_SECONDS
        self._monotonic = monotonic
        self._names: dict[int, str] = {}
        self._due: dict[int, float] = {}

    def ping(self, within: float = 0.0) -> None:
        """Records that the thread is running; its next ping is due `within` seconds.

        Does nothing in threads that are not watched.
        """
        thread = threading.get_ident()
        if thread in self._due:
            self._due[thread] = self._monotonic() + within

    @contextlib.contextmanager
    def watch(self, name: str) -> Iterator[None]:
        """Watches the current thread within the context."""
        thread = threading.get_ident()
        self._names[thread] = name
        self._due[thread] = self._monotonic()
        try:
            yield
        finally:
            del self._due[thread], self._names[thread]

    def wait_for(
        self,
        condition: threading.Condition,
        holds: Callable[[], object],
        seconds: float | None = None,
    ) -> None:
        """Like `condition.wait_for`, but pings during a wait without a timeout."""
        self.ping()
        if seconds is not None:
            condition.wait_for(holds, seconds)
            return
        while not condition.wait_for(holds, self.idle_seconds):
            self.ping()

    def stuck(self) -> Sequence[str]:
        """Returns the names of the stuck threads."""
        latest = self._monotonic() - STUCK_SECONDS
        stuck = [thread for thread, due in self._due.copy().items() if due < latest]
        return sorted(self._names.get(thread, "?") for thread in stuck)


class Health:
    """The conditions behind the probes."""

    def __init__(
        self, watchdog: ThreadWatchdog, registered: threading.Event, draining: threading.Event
    ) -> None:
        self._watchdog = watchdog
        self._registered = registered
        self._draining = draining

    def liveness_problem(self) -> str | None:
        """Returns why the worker must be restarted, or None."""
        stuck = self._watchdog.stuck()
        return f"threads stuck for over {STUCK_SECONDS:g} s: {', '.join(stuck)}" if stuck else None

    def readiness_problem(self) -> str | None:
        """Returns why the worker does not accept work, or None."""
        if self._draining.is_set():
            return "draining"
        return None if self._registered.is_set() else "not registered with the API yet"
