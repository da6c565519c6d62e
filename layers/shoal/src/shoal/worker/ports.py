"""What the worker needs of the world; adapters fill it.

Every call raises `Away` if the same call may succeed later, and `Refused` if it never will.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from shoal.wire.worker import (
    Delivery,
    HeartbeatAnswer,
    HeartbeatRequest,
    LeaseAnswer,
    LeaseRequest,
    PartAnswer,
    PartRequest,
    RegistrationAnswer,
    ReportAnswer,
    WorkerRegistration,
)


class Deliveries(Protocol):
    """The queues of chunks, by name."""

    def receive(
        self, queue: str, *, limit: int, wait: float, visibility: float
    ) -> Sequence[Delivery]:
        """Up to `limit` (10 at most) messages, waiting up to `wait` seconds for the first."""

    def delete(self, deliveries: Sequence[Delivery]) -> None:
        """Settle them for good; what is gone already counts as deleted."""

    def hide(self, deliveries: Sequence[Delivery], seconds: float) -> None:
        """Keep them from others for so long from now; what is gone already is left alone."""

    def left(self, queue: str) -> int:
        """About how many messages it holds: to be had, delayed, or in anybody's hand."""


class Callbacks(Protocol):
    """The worker's side of the API."""

    def register(self, request: WorkerRegistration) -> RegistrationAnswer:
        """Offer task types."""

    def lease(self, request: LeaseRequest) -> LeaseAnswer:
        """Ask for chunks."""

    def heartbeat(self, request: HeartbeatRequest) -> HeartbeatAnswer:
        """Renew leases."""

    def report(self, body: bytes) -> ReportAnswer:
        """Send a `ReportRequest` that is encoded already."""

    def part(self, request: PartRequest) -> PartAnswer:
        """Ask where a part goes."""

    def upload(self, url: str, headers: Mapping[str, str], body: bytes) -> None:
        """PUT to a presigned URL; a part that is there already counts as uploaded."""

    def download(self, url: str, headers: Mapping[str, str]) -> bytes:
        """GET from a presigned URL."""


class Clock(Protocol):
    """Time."""

    def now(self) -> float:
        """Seconds since the epoch."""

    def monotonic(self) -> float:
        """Seconds from some start; only grows."""
