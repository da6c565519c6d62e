"""Calls to one other side, made again for as long as it is away."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable
from typing import Final

from shoal.wire.worker import RemoteUnavailable
from shoal.worker.health import MAX_CALL_SECONDS, ThreadWatchdog

_LOG = logging.getLogger("shoal.worker")
FIRST_DELAY: Final = 0.2
MAX_DELAY: Final = 20.0
_POLL_SECONDS: Final = 0.05


class CallAbandoned(Exception):  # noqa: N818 - says what happened
    """The worker is leaving; the call was not answered."""


class CircuitBreaker:
    """A circuit breaker with exponential backoff and full jitter, shared by all threads.

    While the other side is away, one thread asks it now and then, and the others wait for what it
    hears: however much a worker has in hand, it makes one call a pause. Goes on until `leaving`.
    `away` hears of each call that has to be made again.
    """

    def __init__(
        self,
        leaving: threading.Event,
        max_delay: float = MAX_DELAY,
        *,
        watchdog: ThreadWatchdog | None = None,
        away: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._leaving = leaving
        self._max_delay = max_delay
        self._watchdog = watchdog or ThreadWatchdog(time.monotonic)
        self._away = away
        self._lock = threading.Lock()
        self._failures = 0
        self._retry_at = 0.0
        self._probing = False

    def __call__[R](self, what: str, call: Callable[[], R]) -> R:
        """Make the call until it is answered or refused; raise GaveUp when the worker leaves."""
        while True:
            if self._failures:
                self._wait_for_turn(what)
            self._watchdog.ping(MAX_CALL_SECONDS)
            try:
                answer = call()
            except RemoteUnavailable as away:
                self._record_failure(what, away)
            except BaseException:
                self._record_success()  # it refused, but it answered; or the worker is about to die
                raise
            else:
                if self._failures:
                    self._record_success()
                return answer
            finally:
                self._watchdog.ping()

    def _wait_for_turn(self, what: str) -> None:
        """Return once the other side is back, or it is this thread's turn to ask."""
        while self._failures:
            pause = self._retry_at - time.monotonic()
            self._watchdog.ping(max(pause, 0.0))
            if pause > 0 and self._leaving.wait(pause):
                raise CallAbandoned(what)
            with self._lock:
                if not self._probing:
                    self._probing = True
                    return
            if self._leaving.wait(_POLL_SECONDS):
                raise CallAbandoned(what)

    def _record_failure(self, what: str, away: RemoteUnavailable) -> None:
        with self._lock:
            bound = min(self._max_delay, FIRST_DELAY * 2.0 ** min(self._failures, 16))
            delay = max(away.retry_after or 0.0, random.uniform(0, bound))  # noqa: S311
            self._failures += 1
            self._retry_at = time.monotonic() + delay
            self._probing = False
        self._away(what)
        _LOG.warning("%s: away, again in %.1f s: %s", what, delay, away)

    def _record_success(self) -> None:
        with self._lock:
            self._failures = 0
            self._probing = False
