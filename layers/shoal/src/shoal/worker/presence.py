"""Makes the worker known, and keeps it so: registers at the start, again and again, and leaves."""

from __future__ import annotations

import logging
import random
import threading
from typing import Final

from shoal.wire.worker import Away, Refused, WorkerRegistration
from shoal.worker.gear import Gear

_LOG = logging.getLogger("shoal.worker")
_EARLIEST: Final = 0.7
"""The part of the time after which it speaks at the earliest: those that started together part."""


class Presence:
    """A worker must be heard once; whatever it says after that may be lost.

    Its thread is not watched: to start the worker anew for it would cost the tasks in hand.
    """

    def __init__(self, gear: Gear) -> None:
        self._gear = gear
        self._said: WorkerRegistration | None = None
        self.registered = threading.Event()

    def begin(self, registration: WorkerRegistration) -> None:
        """Say it until it is heard."""
        self._gear.api("register", lambda: self._gear.callbacks.register(registration))
        self._said = registration
        self.registered.set()

    def serve(self) -> None:
        """Say it again until the worker drains, then say that it leaves."""
        gear = self._gear
        while not gear.draining.wait(self._pause()):
            self._say(leaving=False)
        self._say(leaving=True)

    def _pause(self) -> float:
        return self._gear.terms.announce * random.uniform(_EARLIEST, 1.0)  # noqa: S311 - it spreads

    def _say(self, *, leaving: bool) -> None:
        if self._said is None:
            return
        update = {"number": self._said.number + 1, "leaving": leaving}
        self._said = said = self._said.model_copy(update=update)
        try:
            self._gear.callbacks.register(said)
        except Away as away:
            _LOG.warning("nobody heard that this worker is here: %s", away)
            self._gear.meters.away("register")
        except Refused as refused:
            _LOG.error("it was refused that this worker is here: %s", refused)
