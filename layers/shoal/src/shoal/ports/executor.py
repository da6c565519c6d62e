"""Concurrent execution."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol


class Executor(Protocol):
    """A pool of threads."""

    def map[A, R](
        self, function: Callable[[A], R], items: Sequence[A], *, at_once: int
    ) -> Sequence[R]:
        """Call the function for each item, up to `at_once` at a time; return the results in order.

        Raise the first error after all calls have ended.
        """
