"""A worker's metrics for Prometheus."""
# ruff: noqa: D102 - the port says what each method promises

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_TASK_BUCKETS: Final = (0.001, 0.01, 0.1, 0.5, 1, 5, 15, 60, 300, 1_800, 7_200, 36_000)
_WAIT_BUCKETS: Final = (0.1, 0.5, 1, 5, 15, 60, 300, 900, 3_600, 14_400, 86_400)
_OUTCOME: Final = re.compile(rb'"outcome":"(\w+)","started_at":"[^"]*","duration":([0-9.e-]+)')


class PrometheusMeters:
    """Fills the worker's port `Meters`."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        self._tasks = Counter(
            "shoal_tasks",
            "Tasks whose outcome was accepted.",
            ["type", "outcome"],
            registry=registry,
        )
        self._seconds = Histogram(
            "shoal_task_seconds",
            "Duration of one attempt.",
            ["type"],
            buckets=_TASK_BUCKETS,
            registry=registry,
        )
        self._retries = Counter(
            "shoal_task_retries",
            "Attempts after the first that began.",
            ["type"],
            registry=registry,
        )
        self._stale = Counter(
            "shoal_stale_reports", "Reports that came too late and were refused.", registry=registry
        )
        self._wait = Histogram(
            "shoal_queue_wait_seconds",
            "From the sending of a message to its receipt.",
            buckets=_WAIT_BUCKETS,
            registry=registry,
        )
        self._slots = Gauge("shoal_slots", "Chunks at a time.", ["state"], registry=registry)
        self._lease_age = Gauge(
            "shoal_lease_age_seconds", "Age of the oldest lease in hand.", registry=registry
        )

    def watch(
        self, busy: Callable[[], int], free: Callable[[], int], oldest: Callable[[], float]
    ) -> None:
        self._slots.labels("busy").set_function(busy)
        self._slots.labels("free").set_function(free)
        self._lease_age.set_function(oldest)

    def received(self, waited: float) -> None:
        self._wait.observe(waited)

    def leased(self, task_type: str, attempts: Sequence[int]) -> None:
        again = sum(attempt > 1 for attempt in attempts)
        if again:
            self._retries.labels(task_type).inc(again)

    def accepted(self, task_type: str, outcomes: Sequence[bytes]) -> None:
        seconds = self._seconds.labels(task_type)
        ends = {b"completed": 0, b"failed": 0}
        for outcome in outcomes:
            found = _OUTCOME.search(outcome)
            if found is not None:
                ends[found[1]] += 1
                seconds.observe(float(found[2]))
        for end, count in ends.items():
            if count:
                self._tasks.labels(task_type, end.decode()).inc(count)

    def stale(self) -> None:
        self._stale.inc()

    def text(self) -> bytes:
        """All of it, as Prometheus reads it."""
        return generate_latest(self._registry)
