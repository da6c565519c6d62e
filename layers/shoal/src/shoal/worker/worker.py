"""The worker: its threads and its shutdown."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from functools import partial
from queue import SimpleQueue
from typing import Final

from shoal.ports.clock import Entropy
from shoal.wire.worker import TaskTypeOffer, WorkerRegistration
from shoal.worker.call_server import CallServer
from shoal.worker.circuit_breaker import CallAbandoned, CircuitBreaker
from shoal.worker.fetcher import Fetcher
from shoal.worker.fork_client import ForkClient
from shoal.worker.health import Health, ThreadWatchdog
from shoal.worker.heartbeat import HeartbeatLoop
from shoal.worker.in_flight import InFlight
from shoal.worker.memory_guard import MemoryGuard
from shoal.worker.null_meters import NullMeters
from shoal.worker.outbox import Outbox
from shoal.worker.pool import Pool
from shoal.worker.ports import Callbacks, MessageSource, Meters, MonotonicClock, Tracer
from shoal.worker.probes import Probes, routes
from shoal.worker.registration import RegistrationLoop
from shoal.worker.reporter import Reporter
from shoal.worker.run_coordinator import RunCoordinator
from shoal.worker.worker_context import ApiVersion, WorkerConfig, WorkerContext

_LOG = logging.getLogger("shoal.worker")
LAST_REPORTS_SECONDS: Final = 10.0
"""Seconds that a worker has after the grace period to report its killed tasks."""


class Worker:
    """Runs chunks until it is drained or, with `until_empty`, until the queues are empty."""

    def __init__(
        self,
        config: WorkerConfig,
        fork_client: ForkClient,
        callbacks: Callbacks,
        deliveries: MessageSource,
        clock: MonotonicClock,
        *,
        entropy: Entropy,
        meters: Meters | None = None,
        tracer: Tracer | None = None,
        memory: MemoryGuard | None = None,
    ) -> None:
        leaving, draining = threading.Event(), threading.Event()
        self._watchdog = watchdog = ThreadWatchdog(clock.monotonic)
        meters = meters or NullMeters()
        breaker = partial(
            CircuitBreaker,
            leaving,
            clock,
            entropy,
            watchdog=watchdog,
            on_retry=meters.unavailable,
        )
        self._context = context = WorkerContext(
            config=config,
            callbacks=callbacks,
            deliveries=deliveries,
            clock=clock,
            entropy=entropy,
            in_flight=InFlight(config.slots, watchdog),
            draining=draining,
            leaving=leaving,
            beat_wanted=threading.Event(),
            api_version=ApiVersion(),
            api=breaker(),
            queue=breaker(),
            storage=breaker(),
            watchdog=watchdog,
            meters=meters,
            tracer=tracer,
        )
        self._registration = RegistrationLoop(context)
        health = Health(watchdog, self._registration.registered, draining)
        self.probes = Probes(config.probes, routes(health, self._metrics))
        self._fork_client = fork_client
        self._failed = False
        self._drain_reasons: SimpleQueue[str] = SimpleQueue()  # safe to use in a signal handler
        self._calls = CallServer(callbacks, config.name, config.slots, context.api_version)
        self._pool = Pool(
            *(fork_client, watchdog),
            memory=memory,
            calls=self._calls,
            max_children=2 * config.slots,  # so that tenants can alternate without a new process
        )
        self._outbox = outbox = Outbox(watchdog, clock.monotonic)
        self._coordinator = coordinator = RunCoordinator(context, fork_client, self._pool, outbox)
        self._reporter = Reporter(context, outbox, coordinator)
        self._heartbeat = HeartbeatLoop(context, coordinator)
        self._fetcher = Fetcher(context, outbox, coordinator, self._on_queues_empty)

    def drain(self) -> None:
        """Finishes running tasks, releases the others and exits. Safe in a signal handler."""
        self._drain_reasons.put("requested")

    def run(self) -> int:
        """Runs the worker. Returns 1 if a thread died or a chunk was not reported, else 0."""
        stopped = threading.Event()
        with self._fork_client, self.probes:  # probes respond once the task modules are imported
            pool = self._thread("pool", self._pool.serve)
            reporter = self._thread("reporter", self._reporter.serve)
            heartbeat = self._thread("heartbeat", lambda: self._heartbeat.serve(stopped))
            fetcher = self._thread("fetcher", self._register_and_fetch)
            registration = self._thread("registration", self._registration.serve, watched=False)
            reason = self._drain_reasons.get()
            _LOG.info("worker %s is draining: %s", self._context.config.name, reason)
            self._shut_down()
            self._outbox.close()
            reporter.join(LAST_REPORTS_SECONDS)
            self._context.leaving.set()
            stopped.set()
            self._context.beat_wanted.set()
            self._pool.close()
            for thread in (fetcher, registration, reporter, heartbeat, pool):
                thread.join()
            self._calls.close()
        if self._context.tracer is not None:
            self._context.tracer.close()
        left = len(self._context.in_flight.runs())
        if left:
            _LOG.error("exiting with %d unreported chunks; their leases will lapse", left)
        _LOG.info("worker %s exits", self._context.config.name)
        return 1 if left or self._failed else 0

    def _thread(
        self, name: str, serve: Callable[[], None], *, watched: bool = True
    ) -> threading.Thread:
        """Starts a thread. The watchdog detects a watched thread that is stuck."""
        watching = self._watchdog.watch(name) if watched else nullcontext()
        args = (name, watching, serve)
        thread = threading.Thread(target=self._guarded, args=args, name=f"shoal-{name}")
        thread.start()
        return thread

    def _guarded(
        self, name: str, watching: AbstractContextManager[None], serve: Callable[[], None]
    ) -> None:
        """Runs a thread. If it dies, the worker logs the error and stops."""
        try:
            with watching:
                serve()
        except CallAbandoned as abandoned:
            _LOG.error("shut down before a call succeeded: %s", abandoned)
        except BaseException:  # noqa: BLE001 - logged, and the worker stops
            _LOG.critical("thread %s died; stopping the worker", name, exc_info=True)
            self._failed = True
            self._context.leaving.set()
            self._drain_reasons.put(f"thread {name} died")

    def _register_and_fetch(self) -> None:
        fork_client, config = self._fork_client, self._context.config
        request = WorkerRegistration(
            worker=config.name,
            task_types=[TaskTypeOffer.model_validate(o.offer) for o in fork_client.types.values()],
            image=config.image,
            digest=fork_client.digest,
            version=config.version,
            host=config.host,
            slots=config.slots,
            queues=[name for name in ("high", "normal", "low") if name in config.weights],
            started_at=datetime.fromtimestamp(self._context.clock.now(), UTC),
            every=config.announce,
        )
        self._context.meters.offer(fork_client.types)
        self._registration.register(request)
        _LOG.info(
            "worker %s offers %s", self._context.config.name, ", ".join(self._fork_client.types)
        )
        self._fetcher.serve()

    def _metrics(self) -> tuple[str, bytes]:
        in_flight = self._context.in_flight
        busy, free = in_flight.slots()
        lease_age = in_flight.lease_age(self._context.clock.monotonic())
        return self._context.meters.exposition(busy=busy, free=free, lease_age=lease_age)

    def _on_queues_empty(self) -> None:
        self._context.draining.set()
        self._drain_reasons.put("the queues are empty")

    def _shut_down(self) -> None:
        """Finishes running tasks within the grace period, kills the others and reports all."""
        in_flight, leaving = self._context.in_flight, self._context.leaving
        self._context.draining.set()
        in_flight.wake()
        for run in in_flight.runs():
            self._coordinator.stop(run)
        if not in_flight.wait_until_empty(leaving, self._context.config.grace):
            for run in in_flight.runs():
                self._coordinator.kill(run)
            in_flight.wait_until_empty(leaving, LAST_REPORTS_SECONDS)
