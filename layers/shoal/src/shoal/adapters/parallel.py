"""Runs calls in parallel threads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

THREADS: Final = 16
"""Calls of botocore at a time. The connection pools of the clients must have this size."""


def in_parallel[T, R](call: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """Return the results in order; raise the first error after all calls have ended."""
    return ThreadExecutor().map(call, [*items], at_once=THREADS)


class ThreadExecutor:
    """Threads that live as long as one call of `map`."""

    def map[A, R](self, function: Callable[[A], R], items: Sequence[A], *, at_once: int) -> list[R]:
        if len(items) <= 1:
            return [function(item) for item in items]
        with ThreadPoolExecutor(min(at_once, len(items))) as pool:
            return [*pool.map(function, items)]
