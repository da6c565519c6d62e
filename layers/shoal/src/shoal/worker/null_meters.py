"""Meters that record nothing, for a worker without a metrics endpoint."""
# ruff: noqa: D102 - the port documents each method

from __future__ import annotations

from collections.abc import Iterable, Sequence

from shoal.wire.worker import Lease


class NullMeters:
    """Implements the port `Meters`."""

    def offer(self, task_types: Iterable[str]) -> None:
        del task_types

    def waited(self, seconds: float) -> None:
        del seconds

    def leased(self, lease: Lease) -> None:
        del lease

    def ended(self, task_type: str, outcomes: Sequence[bytes]) -> None:
        del task_type, outcomes

    def stale(self) -> None:
        pass

    def unavailable(self, call: str) -> None:
        del call

    def exposition(self, *, busy: int, free: int, lease_age: float) -> tuple[str, bytes]:
        del busy, free, lease_age
        return "text/plain; charset=utf-8", b""
