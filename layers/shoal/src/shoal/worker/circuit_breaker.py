"""Retries calls to one remote service while it is unavailable."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Final

from shoal.ports.clock import Entropy
from shoal.wire.worker import RemoteFailed, RemoteUnavailable
from shoal.worker.health import MAX_CALL_SECONDS, ThreadWatchdog
from shoal.worker.ports import MonotonicClock

_LOG = logging.getLogger("shoal.worker")
FIRST_DELAY: Final = 0.2
MAX_DELAY: Final = 20.0
_POLL_SECONDS: Final = 0.05


class CallAbandoned(Exception):  # noqa: N818 - named after the event
    """The worker shut down before the call succeeded."""


class CircuitBreaker:
    """A circuit breaker with exponential backoff and full jitter, shared by all threads.

    While the service is unavailable, one thread at a time probes it and the other threads wait,
    so that a worker makes one call per delay regardless of its load. It retries until `leaving`
    is set, and calls `on_retry` for each call that it will repeat.
    """

    def __init__(
        self,
        leaving: threading.Event,
        clock: MonotonicClock,
        entropy: Entropy,
        *,
        max_delay: float = MAX_DELAY,
        watchdog: ThreadWatchdog | None = None,
        on_retry: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._leaving = leaving
        self._monotonic = clock.monotonic
        self._uniform = entropy.uniform
        self._max_delay = max_delay
        self._watchdog = watchdog or ThreadWatchdog(clock.monotonic)
        self._on_retry = on_retry
        self._lock = threading.Lock()
        self._failures = 0
        self._retry_at = 0.0
        self._probing = False

    def __call__[R](self, what: str, call: Callable[[], R], *, per_call: bool = False) -> R:
        """Returns the response of the call, and retries it while the service is unavailable.

        Any other error propagates. With `per_call`, so does RemoteFailed: only this call failed.
        Raises CallAbandoned when the worker shuts down.
        """
        while True:
            if self._failures:
                self._wait_for_turn(what)
            self._watchdog.ping(MAX_CALL_SECONDS)
            try:
                response = call()
            except RemoteUnavailable as unavailable:
                if per_call and isinstance(unavailable, RemoteFailed):
                    self._record_success()
                    self._on_retry(what)
                    raise
                self._record_failure(what, unavailable)
            except BaseException:
                self._record_success()  # a rejection is a response too; other errors are fatal
                raise
            else:
                if self._failures:
                    self._record_success()
                return response
            finally:
                self._watchdog.ping()

    def _wait_for_turn(self, what: str) -> None:
        """Waits until the service is available, or until this thread may probe it."""
        while self._failures:
            pause = self._retry_at - self._monotonic()
            self._watchdog.ping(max(pause, 0.0))
            if pause > 0 and self._leaving.wait(pause):
                raise CallAbandoned(what)
            with self._lock:
                if not self._probing:
                    self._probing = True
                    return
            if self._leaving.wait(_POLL_SECONDS):
                raise CallAbandoned(what)

    def _record_failure(self, what: str, unavailable: RemoteUnavailable) -> None:
        with self._lock:
            bound = min(self._max_delay, FIRST_DELAY * 2.0 ** min(self._failures, 16))
            delay = max(unavailable.retry_after or 0.0, bound * self._uniform())
            self._failures += 1
            self._retry_at = self._monotonic() + delay
            self._probing = False
        self._on_retry(what)
        _LOG.warning("%s: unavailable, retrying in %.1f s: %s", what, delay, unavailable)

    def _record_success(self) -> None:
        with self._lock:
            self._failures = 0
            self._probing = False
