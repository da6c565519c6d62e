"""The system clock and random numbers."""

from __future__ import annotations

import os
import random
import time


class SystemClock:
    """The system clock."""

    def now(self) -> float:
        return time.time()


class SystemEntropy:
    """The random numbers of the system."""

    def bytes(self) -> bytes:
        return os.urandom(10)

    def uniform(self) -> float:
        return random.random()  # noqa: S311 - jitter is not a secret
