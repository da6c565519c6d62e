"""What the worker needs of the world; adapters fill it.

Every call of `MessageSource` and `Callbacks` raises `RemoteUnavailable` if the same call may
succeed later, and `RemoteRejected` if it never will. `Meters` and `Tracer` receive what happens,
and raise nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from shoal.ports.clock import Clock
from shoal.wire.worker import (
    HeartbeatAnswer,
    HeartbeatRequest,
    Lease,
    LeaseAnswer,
    LeaseRequest,
    PartAnswer,
    PartRequest,
    ReceivedMessage,
    RegistrationAnswer,
    ReportAnswer,
    WorkerRegistration,
)


class MessageSource(Protocol):
    """The queues of chunks, by name."""

    def receive(
        self, queue: str, *, limit: int, wait: float, visibility: float
    ) -> Sequence[ReceivedMessage]:
        """Up to `limit` (10 at most) messages, waiting up to `wait` seconds for the first."""

    def delete(self, deliveries: Sequence[ReceivedMessage]) -> None:
        """Settle them for good; what is gone already counts as deleted."""

    def hide(self, deliveries: Sequence[ReceivedMessage], seconds: float) -> None:
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


class MonotonicClock(Clock, Protocol):
    """A clock that also measures durations."""

    def monotonic(self) -> float:
        """Seconds from some start; only grows."""


class Meters(Protocol):
    """Hears of chunks, not of single tasks, so that it costs a task next to nothing."""

    def offer(self, task_types: Iterable[str]) -> None:
        """Tasks of these types may come."""

    def waited(self, seconds: float) -> None:
        """A message was in its queue so long before it was first received."""

    def leased(self, lease: Lease) -> None:
        """A lease was granted; its attempts begin."""

    def ended(self, task_type: str, outcomes: Sequence[bytes]) -> None:
        """A report with these outcomes, encoded, was accepted."""

    def stale(self) -> None:
        """A report was refused: its lease is another's."""

    def away(self, call: str) -> None:
        """A call was not answered and is made again."""

    def exposition(self, *, busy: int, free: int, lease_age: float) -> tuple[str, bytes]:
        """All of it so far, and how slots and leases stand; its content type and text."""


class ChunkSpan(Protocol):
    """The time of one lease in a trace."""

    def tasks(self, outcomes: Sequence[bytes]) -> None:
        """A report with these outcomes, encoded, was accepted."""

    def end(self, how: str) -> None:
        """Nothing of it will follow."""


class Tracer(Protocol):
    """Tells a collector of traces."""

    def chunk(self, lease: Lease, parent: str) -> ChunkSpan | None:
        """A granted lease begins, under a W3C traceparent; None if that trace is not recorded."""

    def close(self) -> None:
        """Send what is left."""
