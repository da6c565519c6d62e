"""Whether the worker lives and is ready, as its threads show it."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Final

STUCK_SECONDS: Final = 60.0
"""Seconds past the time it named that a thread may fail to turn before it counts as stuck."""
MAX_CALL_SECONDS: Final = 300.0
"""Seconds that a call to the outside may take. It has timeouts of its own, and a worker that is
started anew reaches the other side no sooner; but it would lose the tasks in hand."""
IDLE_SECONDS: Final = 20.0
"""Seconds after which a thread that waits for work turns all the same."""


class ThreadWatchdog:
    """Called by a thread at each turn of its loop: cheap, and heard only from threads that joined.

    `within` says how long the turn may take, besides the silence that is always allowed.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self.idle_seconds = IDLE_SECONDS
        self._monotonic = monotonic
        self._names: dict[int, str] = {}
        self._due: dict[int, float] = {}

    def ping(self, within: float = 0.0) -> None:
        """Turn."""
        thread = threading.get_ident()
        if thread in self._due:
            self._due[thread] = self._monotonic() + within

    @contextlib.contextmanager
    def watch(self, name: str) -> Iterator[None]:
        """The thread turns from here on, until it leaves."""
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
        """`condition.wait_for`, but a wait without a limit shows that the thread could go on."""
        self.ping()
        if seconds is not None:
            condition.wait_for(holds, seconds)
            return
        while not condition.wait_for(holds, self.idle_seconds):
            self.ping()

    def stuck(self) -> Sequence[str]:
        """Which threads are stuck."""
        latest = self._monotonic() - STUCK_SECONDS
        stuck = [thread for thread, due in self._due.copy().items() if due < latest]
        return sorted(self._names.get(thread, "?") for thread in stuck)


class Health:
    """What the probes ask."""

    def __init__(
        self, watchdog: ThreadWatchdog, registered: threading.Event, draining: threading.Event
    ) -> None:
        self._watchdog = watchdog
        self._registered = registered
        self._draining = draining

    def liveness_problem(self) -> str | None:
        """Why it should be started anew, if it should."""
        stuck = self._watchdog.stuck()
        return f"silent for over {STUCK_SECONDS:g} s: {', '.join(stuck)}" if stuck else None

    def readiness_problem(self) -> str | None:
        """Why it takes no work, if it does not."""
        if self._draining.is_set():
            return "draining"
        return None if self._registered.is_set() else "not registered with the API yet"
