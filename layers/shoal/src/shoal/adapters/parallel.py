"""Runs many small botocore calls in parallel threads."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

THREADS: Final = 16
"""The connection pools of the clients must have this size."""


def in_parallel[T, R](call: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """Return the results in order; raise the first error after all calls have ended."""
    items = list(items)
    if len(items) <= 1:
        return [call(item) for item in items]
    with ThreadPoolExecutor(min(THREADS, len(items))) as pool:
        return list(pool.map(call, items))
