"""What the threads of a worker share."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from shoal.worker.circuit_breaker import CircuitBreaker
from shoal.worker.health import ThreadWatchdog
from shoal.worker.in_flight import InFlight
from shoal.worker.ports import Callbacks, MessageSource, Meters, MonotonicClock, Tracer

WEIGHTS: Final[Mapping[str, int]] = MappingProxyType({"high": 6, "normal": 3, "low": 1})


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerConfig:
    """How a worker works. Times in seconds; `weights` of the queues, by name.

    `probes` is the address to answer probes at, if any; it tells the API at least once in
    `announce` seconds that it is there.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerContext:
    """The world, the desk, and the two signals: take no more (draining), wait no more (leaving).

    A patience for each other side, since one may be away while the others are there.
    """

    config: WorkerConfig
    callbacks: Callbacks
    deliveries: MessageSource
    clock: MonotonicClock
    in_flight: InFlight
    draining: threading.Event
    leaving: threading.Event
    api: CircuitBreaker
    queue: CircuitBreaker
    storage: CircuitBreaker
    watchdog: ThreadWatchdog
    meters: Meters
    tracer: Tracer | None
