"""Makes the worker known, and keeps it so: registers at the start, again and again, and leaves."""

from __future__ import annotations

import logging
import random
import threading
from typing import Final

from shoal.wire.worker import RemoteRejected, RemoteUnavailable, WorkerRegistration
from shoal.worker.worker_context import WorkerContext

_LOG = logging.getLogger("shoal.worker")
_MIN_JITTER: Final = 0.7
"""The part of the time after which it speaks at the earliest: those that started together part."""


class RegistrationLoop:
    """A worker must be heard once; whatever it says after that may be lost.

    Its thread is not watched: to start the worker anew for it would cost the tasks in hand.
    """

    def __init__(self, context: WorkerContext) -> None:
        self._context = context
        self._last_sent: WorkerRegistration | None = None
        self.registered = threading.Event()

    def register(self, registration: WorkerRegistration) -> None:
        """Say it until it is heard."""
        answer = self._context.api(
            "register", lambda: self._context.callbacks.register(registration)
        )
        for each in answer.rejected:
            problems = "; ".join(
                f"at {problem.pointer or 'the root'}: {problem.message}"
                for problem in each.problems
            )
            _LOG.error("the schema of task type %s was rejected: %s", each.name, problems)
        self._last_sent = registration
        self.registered.set()

    def serve(self) -> None:
        """Say it again until the worker drains, then say that it leaves."""
        context = self._context
        while not context.draining.wait(self._pause()):
            self._send(leaving=False)
        self._send(leaving=True)

    def _pause(self) -> float:
        return self._context.config.announce * random.uniform(_MIN_JITTER, 1.0)  # noqa: S311 - it spreads

    def _send(self, *, leaving: bool) -> None:
        if self._last_sent is None:
            return
        update = {"number": self._last_sent.number + 1, "leaving": leaving}
        self._last_sent = registration = self._last_sent.model_copy(update=update)
        try:
            self._context.callbacks.register(registration)
        except RemoteUnavailable as away:
            _LOG.warning("nobody heard that this worker is here: %s", away)
            self._context.meters.away("register")
        except RemoteRejected as refused:
            _LOG.error("it was refused that this worker is here: %s", refused)
