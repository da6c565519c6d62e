"""Backoff between attempts of calls that AWS processed only in part."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from typing import Final

_TRIES: Final = 8
_FIRST: Final = 0.05
_LONGEST: Final = 2.0


def tries(
    sleep: Callable[[float], None] = time.sleep,
    uniform: Callable[[float, float], float] = random.uniform,
) -> Iterator[int]:
    """Yield attempt numbers; sleep before each except the first, with backoff and jitter."""
    for number in range(_TRIES):
        if number:
            bound = min(_LONGEST, _FIRST * 2**number)
            sleep(bound * uniform(0.5, 1.0))
        yield number
