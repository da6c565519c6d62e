"""How long a client waits: for an answer, between looks at a job, and for its end."""

from __future__ import annotations

import time
from typing import Final

import httpx

from shoal.client.errors import WaitTimedOut
from shoal.wire.jobs import JobBody

LOOK_SECONDS: Final = 1.0
"""Between looks at a job that one watches; a look at one that has not moved costs a few bytes."""
TIMEOUT: Final = httpx.Timeout(30.0, connect=10.0)


class Patience:
    """What is left of a time to wait; without a number, for ever."""

    def __init__(self, seconds: float | None) -> None:
        self._seconds = seconds
        self._begun = time.monotonic()

    def rest(self, every: float, job: JobBody) -> float:
        """Seconds until the next look; raise WaitTimedOut if there is none."""
        if self._seconds is None:
            return every
        left = self._begun + self._seconds - time.monotonic()
        if left <= 0:
            raise WaitTimedOut(f"{job.id} is {job.status} after {self._seconds:g} s; it goes on")
        return min(every, left)
