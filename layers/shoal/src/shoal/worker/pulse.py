"""Whether the threads of a worker turn: what a liveness probe asks."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from typing import Final

LONGEST_TURN: Final = 60.0
"""Seconds; one attempt of a call takes 35 at most, and the pause after it 20."""


class Pulse:
    """Each thread shows that it turns, or that it rests until there is something to do.

    Calls that are made again while the other side is away count as turns: a worker is not to be
    killed because the API is down.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._turned: dict[int, float] = {}
        self.ready = False
        """Whether the worker has told the API what it offers, and takes work."""

    def turn(self) -> None:
        """The calling thread goes on."""
        self._turned[threading.get_ident()] = self._monotonic()

    def rest(self) -> None:
        """The calling thread waits until somebody wakes it."""
        self._turned[threading.get_ident()] = math.inf

    @property
    def alive(self) -> bool:
        """Whether every thread turned of late, or rests."""
        since = self._monotonic() - LONGEST_TURN
        return all(turned >= since for turned in list(self._turned.values()))
