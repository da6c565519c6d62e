"""A worker that nobody asks for figures."""
# ruff: noqa: D102 - the port says what each method promises

from __future__ import annotations

from collections.abc import Callable, Sequence


class Uncounted:
    """Fills the port `Meters` by counting nothing."""

    def watch(
        self, busy: Callable[[], int], free: Callable[[], int], oldest: Callable[[], float]
    ) -> None: ...

    def received(self, waited: float) -> None: ...

    def leased(self, task_type: str, attempts: Sequence[int]) -> None: ...

    def accepted(self, task_type: str, outcomes: Sequence[bytes]) -> None: ...

    def stale(self) -> None: ...
