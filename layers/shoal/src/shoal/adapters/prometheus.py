"""The worker's metrics for Prometheus."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector

from shoal.wire.outcome_scan import durations, failures

if TYPE_CHECKING:
    from shoal.wire.worker import Lease

_TASK_BOUNDS: Final = (0.001, 0.005, 0.025, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800, 7_200)
_WAIT_BOUNDS: Final = (0.05, 0.1, 0.5, 1, 5, 15, 60, 300, 900, 3_600, 14_400)


class PrometheusMeters:
    """Implements the worker's port `Meters` with a separate registry."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        self._tasks = Counter(
            "shoal_tasks",
            "Tasks whose outcome was accepted.",
            ["type", "outcome"],
            registry=registry,
        )
        self._by_type: dict[str, tuple[Counter, Counter]] = {}
        self._seconds = _Durations(
            "shoal_task_seconds", "Durations of attempts whose outcome was accepted."
        )
        registry.register(self._seconds)
        self._retries = Counter(
            "shoal_task_retries",
            "Started attempts with a number above 1.",
            ["type"],
            registry=registry,
        )
        self._slots = Gauge("shoal_slots", "Slots, by state.", ["state"], registry=registry)
        self._lease_age = Gauge(
            "shoal_lease_age_seconds",
            "Time since the least recently extended lease was extended.",
            registry=registry,
        )
        self._wait = Histogram(
            "shoal_queue_wait_seconds",
            "Time from the sending of a message to its first receipt.",
            buckets=_WAIT_BOUNDS,
            registry=registry,
        )
        self._stale = Counter(
            "shoal_stale_reports",
            "Reports rejected because another worker holds the lease.",
            registry=registry,
        )
        self._away = Counter(
            "shoal_away",
            "Calls repeated because the API, SQS or S3 was unavailable or throttled.",
            ["call"],
            registry=registry,
        )

    def offer(self, task_types: Iterable[str]) -> None:
        """Start at zero, because a rate misses a series that starts at its first event."""
        for task_type in task_types:
            self._of(task_type)
            self._retries.labels(task_type)

    def waited(self, seconds: float) -> None:
        self._wait.observe(seconds)

    def leased(self, lease: Lease) -> None:
        again = [task for task in lease.tasks if task["attempt"] > 1]
        if again:
            self._retries.labels(lease.task_type).inc(len(again))

    def ended(self, task_type: str, outcomes: Sequence[bytes]) -> None:
        completed, failed = self._of(task_type)
        fails = failures(outcomes)
        completed.inc(len(outcomes) - fails)
        if fails:
            failed.inc(fails)
        self._seconds.add(task_type, len(outcomes), *durations(outcomes))

    def _of(self, task_type: str) -> tuple[Counter, Counter]:
        """Return the counters of a type; a lookup by labels takes longer than counting."""
        found = self._by_type.get(task_type)
        if found is None:
            completed, failed = (
                self._tasks.labels(task_type, outcome) for outcome in ("completed", "failed")
            )
            found = self._by_type[task_type] = completed, failed
        return found

    def stale(self) -> None:
        self._stale.inc()

    def unavailable(self, call: str) -> None:
        self._away.labels(call).inc()

    def exposition(self, *, busy: int, free: int, lease_age: float) -> tuple[str, bytes]:
        self._slots.labels("busy").set(busy)
        self._slots.labels("free").set(free)
        self._lease_age.set(lease_age)
        return CONTENT_TYPE_PLAIN_0_0_4, generate_latest(self._registry)


class _Durations(Collector):
    """A histogram by type with batch updates; prometheus_client takes 1 µs per value."""

    def __init__(self, name: str, about: str) -> None:
        self._name = name
        self._about = about
        self._lock = threading.Lock()
        self._counts: dict[str, list[int]] = {}
        self._sums: dict[str, float] = {}

    def add(self, task_type: str, tasks: int, some: Sequence[float], step: int) -> None:
        """Add a number of tasks, sampled with one value per step."""
        if not some:
            return
        beyond = step * len(some) - tasks
        with self._lock:
            counts = self._counts.get(task_type)
            if counts is None:
                counts = self._counts[task_type] = [0] * (len(_TASK_BOUNDS) + 1)
                self._sums[task_type] = 0.0
            for seconds in some:
                counts[bisect_left(_TASK_BOUNDS, seconds)] += step
            counts[bisect_left(_TASK_BOUNDS, some[-1])] -= beyond  # the last step is shorter
            self._sums[task_type] += sum(some) * step - some[-1] * beyond

    def collect(self) -> Iterator[HistogramMetricFamily]:
        family = HistogramMetricFamily(self._name, self._about, labels=["type"])
        bounds = [*map(str, map(float, _TASK_BOUNDS)), "+Inf"]
        with self._lock:
            for task_type, counts in self._counts.items():
                upto = accumulate(counts)
                buckets = [*zip(bounds, map(float, upto), strict=True)]
                family.add_metric([task_type], buckets, self._sums[task_type])
        yield family
