"""The configuration and the state that the threads of a worker share."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal

from shoal.ports.clock import Entropy
from shoal.wire.worker import PER_CHUNK_PROTOCOL, TOKEN_PROTOCOL
from shoal.worker.circuit_breaker import CircuitBreaker
from shoal.worker.health import ThreadWatchdog
from shoal.worker.in_flight import InFlight
from shoal.worker.ports import Callbacks, MessageSource, Meters, MonotonicClock, Tracer

WEIGHTS: Final[Mapping[str, int]] = MappingProxyType({"high": 6, "normal": 3, "low": 1})


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerConfig:
    """The configuration of a worker. Times are in seconds, `weights` are by queue name.

    `probes` is the address of the probes, if enabled. `announce` is the maximum interval between
    registrations.
    """

    name: str
    slots: int
    lease: float = 60.0
    grace: float = 25.0
    until_empty: bool = False
    image: str = ""
    weights: Mapping[str, int] = field(default=WEIGHTS)
    probes: tuple[str, int] | None = None
    announce: float = 60.0
    version: str = ""
    host: str = ""


@dataclass(slots=True)
class ApiVersion:
    """The version of the protocol that the API answered to the last registration."""

    number: int = 1

    @property
    def per_chunk(self) -> Literal[True] | None:
        """Whether requests may have the fields of version 2; None if not."""
        return True if self.number >= PER_CHUNK_PROTOCOL else None

    @property
    def tokens(self) -> Literal[True] | None:
        """Whether requests may have the fields of version 3; None if not."""
        return True if self.number >= TOKEN_PROTOCOL else None

    def token(self, token: str | None) -> str | None:
        """Returns the token of a lease; None if requests must not have it."""
        return token if self.tokens else None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerContext:
    """The ports, the chunks in flight and signals between the threads.

    `draining` stops new work; `leaving` also stops retries. `beat_wanted` wakes the heartbeat
    thread before its time, because a task must be named before it starts. Each remote service has
    its own circuit breaker: `api`, `queue` (SQS) and `storage` (S3).
    """

    config: WorkerConfig
    callbacks: Callbacks
    deliveries: MessageSource
    clock: MonotonicClock
    entropy: Entropy
    in_flight: InFlight
    draining: threading.Event
    leaving: threading.Event
    beat_wanted: threading.Event
    api_version: ApiVersion
    api: CircuitBreaker
    queue: CircuitBreaker
    storage: CircuitBreaker
    watchdog: ThreadWatchdog
    meters: Meters
    tracer: Tracer | None
