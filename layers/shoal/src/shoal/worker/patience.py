"""Calls that are made again for as long as the other side is away."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable
from typing import Final

from shoal.wire.worker import Away

_LOG = logging.getLogger("shoal.worker")
FIRST: Final = 0.2
LONGEST: Final = 20.0


class GaveUp(Exception):  # noqa: N818 - says what happened
    """The worker is leaving; the call was not answered."""


class Patience:
    """Exponential backoff with full jitter, until `leaving` is set."""

    def __init__(self, leaving: threading.Event, longest: float = LONGEST) -> None:
        self._leaving = leaving
        self._longest = longest

    def __call__[R](self, what: str, call: Callable[[], R]) -> R:
        """Make the call until it is answered or refused; raise GaveUp when the worker leaves."""
        tries = 0
        while True:
            try:
                return call()
            except Away as away:
                bound = min(self._longest, FIRST * 2.0**tries)
                delay = max(away.retry_after or 0.0, random.uniform(0, bound))  # noqa: S311
                tries = min(tries + 1, 16)
                _LOG.warning("%s: away, again in %.1f s: %s", what, delay, away)
                if self._leaving.wait(delay):
                    raise GaveUp(what) from away
