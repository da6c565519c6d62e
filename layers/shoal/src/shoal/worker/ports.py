"""The worker's ports, which adapters implement.

`MessageSource` and `Callbacks` raise `RemoteUnavailable` if the same call may succeed later, and
`RemoteRejected` if it never will. `Meters` and `Tracer` record events and do not raise.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from shoal.ports.clock import Clock
from shoal.wire.worker import (
    ArtifactAnswer,
    ArtifactRequest,
    EffectAnswer,
    EffectRequest,
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
        """Deletes messages. Messages that no longer exist count as deleted."""

    def hide(self, deliveries: Sequence[ReceivedMessage], seconds: float) -> None:
        """Sets the visibility timeout. Messages that no longer exist are ignored."""

    def message_count(self, queue: str) -> int:
        """Returns the approximate number of visible, delayed and in-flight messages."""


class TaskCallbacks(Protocol):
    """The calls to the API that a worker makes for a task."""

    def effect(self, request: EffectRequest) -> EffectAnswer:
        """Stores or reads the return value of a side effect."""

    def artifact(self, request: ArtifactRequest) -> ArtifactAnswer:
        """Requests an upload or download URL of an artifact."""


class Callbacks(TaskCallbacks, Protocol):
    """The worker's side of the API."""

    def register(self, request: WorkerRegistration) -> RegistrationAnswer:
        """Registers the worker and its task types."""

    def lease(self, request: LeaseRequest) -> LeaseAnswer:
        """Requests leases of chunks."""

    def heartbeat(self, request: HeartbeatRequest) -> HeartbeatAnswer:
        """Extends leases."""

    def report(self, body: bytes) -> ReportAnswer:
        """Sends an encoded `ReportRequest`."""

    def part(self, request: PartRequest) -> PartAnswer:
        """Requests the upload URL of a part."""

    def upload(self, url: str, headers: Mapping[str, str], body: bytes) -> None:
        """Uploads to a presigned URL. An object that exists counts as uploaded."""

    def download(self, url: str, headers: Mapping[str, str]) -> bytes:
        """Downloads from a presigned URL."""


class MonotonicClock(Clock, Protocol):
    """A clock that also measures durations."""

    def monotonic(self) -> float:
        """Returns seconds since an arbitrary start; never decreases."""


class Meters(Protocol):
    """Records metrics per chunk, not per task, to keep the overhead per task low."""

    def offer(self, task_types: Iterable[str]) -> None:
        """Declares the task types of the worker."""

    def waited(self, seconds: float) -> None:
        """Records how long a message was in its queue before it was first received."""

    def leased(self, lease: Lease) -> None:
        """Records a granted lease."""

    def ended(self, task_type: str, outcomes: Sequence[bytes]) -> None:
        """Records the encoded outcomes of an accepted report."""

    def stale(self) -> None:
        """Records a report that was rejected because the lease was lost."""

    def unavailable(self, call: str) -> None:
        """Records a call that must be repeated because the service was unavailable."""

    def exposition(self, *, busy: int, free: int, lease_age: float) -> tuple[str, bytes]:
        """Returns the content type and the text of all metrics, with these gauge values."""


class ChunkSpan(Protocol):
    """The span of one lease."""

    def tasks(self, outcomes: Sequence[bytes]) -> None:
        """Adds the encoded outcomes of an accepted report."""

    def end(self, how: str) -> None:
        """Ends the span with a status."""


class Tracer(Protocol):
    """Sends spans to a collector."""

    def chunk(self, lease: Lease, parent: str) -> ChunkSpan | None:
        """Starts the span of a lease under a W3C traceparent; None if the trace is not sampled."""

    def close(self) -> None:
        """Sends the remaining spans."""
