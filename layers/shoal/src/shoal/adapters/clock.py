"""The time and the randomness of the machine."""

from __future__ import annotations

import os
import random
import time


class SystemClock:
    """The machine's clock."""

    def now(self) -> float:
        return time.time()


class SystemEntropy:
    """The machine's randomness."""

    def bytes(self) -> bytes:
        return os.urandom(10)

    def uniform(self) -> float:
        return random.random()  # noqa: S311 - jitter is no secret
