"""Registers the worker at its start, periodically, and when it shuts down."""

from __future__ import annotations

import logging
import threading
from typing import Final

from shoal.wire.worker import RemoteRejected, RemoteUnavailable, WorkerRegistration
from shoal.worker.worker_context import WorkerContext

_LOG = logging.getLogger("shoal.worker")
_MIN_JITTER: Final = 0.7
"""Minimum fraction of the interval. Jitter spreads workers that started at the same time."""


class RegistrationLoop:
    """The registration thread. The first registration must succeed; later ones may fail.

    The watchdog ignores this thread: restarting the worker would lose its running tasks.
    """

    def __init__(self, context: WorkerContext) -> None:
        self._context = context
        self._last_sent: WorkerRegistration | None = None
        self.registered = threading.Event()

    def register(self, registration: WorkerRegistration) -> None:
        """Registers the worker, and retries until it succeeds."""
        response = self._context.api(
            "register", lambda: self._context.callbacks.register(registration)
        )
        for each in response.rejected:
            problems = "; ".join(
                f"at {problem.pointer or 'the root'}: {problem.message}"
                for problem in each.problems
            )
            _LOG.error("the schema of task type %s was rejected: %s", each.name, problems)
        self._context.api_version.number = response.protocol
        self._last_sent = registration
        self.registered.set()

    def serve(self) -> None:
        """Repeats the registration until the worker drains, then reports that it is leaving."""
        context = self._context
        while not context.draining.wait(self._pause()):
            self._send(leaving=False)
        self._send(leaving=True)

    def _pause(self) -> float:
        jitter = _MIN_JITTER + (1.0 - _MIN_JITTER) * self._context.entropy.uniform()
        return self._context.config.announce * jitter

    def _send(self, *, leaving: bool) -> None:
        if self._last_sent is None:
            return
        update = {"number": self._last_sent.number + 1, "leaving": leaving}
        self._last_sent = registration = self._last_sent.model_copy(update=update)
        try:
            response = self._context.callbacks.register(registration)
            self._context.api_version.number = response.protocol
        except RemoteUnavailable as unavailable:
            _LOG.warning("worker registration failed: %s", unavailable)
            self._context.meters.unavailable("register")
        except RemoteRejected as rejected:
            _LOG.error("worker registration rejected: %s", rejected)
