"""Many small calls at once: botocore waits, so threads make the waiting shared."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

THREADS: Final = 16
"""Clients want as many pooled connections."""


def in_parallel[T, R](call: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """The call's result for each item, in order; the first error is raised once all have ended."""
    items = list(items)
    if len(items) <= 1:
        return [call(item) for item in items]
    with ThreadPoolExecutor(min(THREADS, len(items))) as pool:
        return list(pool.map(call, items))
