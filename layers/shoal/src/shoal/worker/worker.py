"""The worker: its threads, and how it leaves."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from queue import SimpleQueue
from typing import Final

from shoal.wire.worker import TaskTypeOffer, WorkerRegistration
from shoal.worker.children import Nursery
from shoal.worker.desk import Desk
from shoal.worker.fetcher import Fetcher
from shoal.worker.foreman import Foreman
from shoal.worker.gear import Gear, Terms
from shoal.worker.health import Health, Pulse
from shoal.worker.heart import Heart
from shoal.worker.memory import Memory
from shoal.worker.meters import Unmetered
from shoal.worker.outbox import Outbox
from shoal.worker.patience import GaveUp, Patience
from shoal.worker.pool import Pool
from shoal.worker.ports import Callbacks, Clock, Deliveries, Meters, Tracer
from shoal.worker.presence import Presence
from shoal.worker.probes import Probes, answers
from shoal.worker.reporter import Reporter

_LOG = logging.getLogger("shoal.worker")
_LAST_REPORTS_SECONDS: Final = 10.0


class Worker:
    """Runs chunks until it is drained, or, if the terms say so, until the queues are empty."""

    def __init__(
        self,
        terms: Terms,
        nursery: Nursery,
        callbacks: Callbacks,
        deliveries: Deliveries,
        clock: Clock,
        *,
        meters: Meters | None = None,
        tracer: Tracer | None = None,
        memory: Memory | None = None,
    ) -> None:
        leaving, draining = threading.Event(), threading.Event()
        self._pulse = pulse = Pulse(clock.monotonic)
        meters = meters or Unmetered()
        self._gear = gear = Gear(
            terms=terms,
            callbacks=callbacks,
            deliveries=deliveries,
            clock=clock,
            desk=Desk(terms.slots, pulse),
            draining=draining,
            leaving=leaving,
            api=Patience(leaving, pulse=pulse, away=meters.away),
            queue=Patience(leaving, pulse=pulse, away=meters.away),
            storage=Patience(leaving, pulse=pulse, away=meters.away),
            pulse=pulse,
            meters=meters,
            tracer=tracer,
        )
        self._presence = Presence(gear)
        health = Health(pulse, self._presence.registered, draining)
        self.probes = Probes(terms.probes, answers(health, self._metrics))
        self._nursery = nursery
        self._failed = False
        self._reasons_to_drain: SimpleQueue[str] = SimpleQueue()  # a signal handler may put to it
        self._pool = Pool(nursery, pulse, memory=memory)
        self._outbox = outbox = Outbox(pulse)
        self._foreman = foreman = Foreman(gear, nursery, self._pool, outbox)
        self._reporter = Reporter(gear, outbox, foreman)
        self._heart = Heart(gear, foreman)
        self._fetcher = Fetcher(gear, outbox, foreman, self._all_done)

    def drain(self) -> None:
        """Take no more; let tasks in hand end, hand back the rest, leave. For signal handlers."""
        self._reasons_to_drain.put("asked")

    def run(self) -> int:
        """Work; 0 if all that was in hand was reported, 1 if not or if a thread died."""
        still = threading.Event()
        with self._nursery, self.probes:  # it lives once its task modules are imported
            pool = self._thread("pool", self._pool.serve)
            reporter = self._thread("reporter", self._reporter.serve)
            heart = self._thread("heart", lambda: self._heart.serve(still))
            fetcher = self._thread("fetcher", self._register_and_fetch)
            presence = self._thread("presence", self._presence.serve, watched=False)
            _LOG.info("worker %s drains: %s", self._gear.terms.name, self._reasons_to_drain.get())
            self._wind_down()
            self._outbox.close()
            reporter.join(_LAST_REPORTS_SECONDS)
            self._gear.leaving.set()
            still.set()
            self._pool.close()
            for thread in (fetcher, presence, reporter, heart, pool):
                thread.join()
        if self._gear.tracer is not None:
            self._gear.tracer.close()
        left = len(self._gear.desk.runs())
        if left:
            _LOG.error("left with %d chunks unreported, their leases will lapse", left)
        _LOG.info("worker %s leaves", self._gear.terms.name)
        return 1 if left or self._failed else 0

    def _thread(
        self, name: str, serve: Callable[[], None], *, watched: bool = True
    ) -> threading.Thread:
        """Start it; the worker counts as stuck when one that is watched does not turn."""
        turning = self._pulse.of(name) if watched else nullcontext()
        args = (name, turning, serve)
        thread = threading.Thread(target=self._guarded, args=args, name=f"shoal-{name}")
        thread.start()
        return thread

    def _guarded(
        self, name: str, turning: AbstractContextManager[None], serve: Callable[[], None]
    ) -> None:
        """Run a thread; if it dies, the worker stops loudly, since it cannot do without it."""
        try:
            with turning:
                serve()
        except GaveUp as given_up:
            _LOG.error("left before an answer came: %s", given_up)
        except BaseException:  # noqa: BLE001 - logged, and the worker stops
            _LOG.critical("the %s died, the worker stops", name, exc_info=True)
            self._failed = True
            self._gear.leaving.set()
            self._reasons_to_drain.put(f"the {name} died")

    def _register_and_fetch(self) -> None:
        nursery, terms = self._nursery, self._gear.terms
        request = WorkerRegistration(
            worker=terms.name,
            task_types=[TaskTypeOffer.model_validate(o.offer) for o in nursery.types.values()],
            image=terms.image,
            digest=nursery.digest,
            version=terms.version,
            host=terms.host,
            slots=terms.slots,
            queues=[name for name in ("high", "normal", "low") if name in terms.weights],
            started_at=datetime.fromtimestamp(self._gear.clock.now(), UTC),
            every=terms.announce,
        )
        self._gear.meters.offer(nursery.types)
        self._presence.begin(request)
        _LOG.info("worker %s offers %s", self._gear.terms.name, ", ".join(self._nursery.types))
        self._fetcher.serve()

    def _metrics(self) -> tuple[str, bytes]:
        desk = self._gear.desk
        busy, free = desk.slots()
        lease_age = desk.lease_age(self._gear.clock.monotonic())
        return self._gear.meters.exposition(busy=busy, free=free, lease_age=lease_age)

    def _all_done(self) -> None:
        self._gear.draining.set()
        self._reasons_to_drain.put("the queues are empty")

    def _wind_down(self) -> None:
        """Have what is in hand reported, within the grace; then kill, and report that."""
        desk, leaving = self._gear.desk, self._gear.leaving
        self._gear.draining.set()
        desk.wake()
        for run in desk.runs():
            self._foreman.stop(run)
        if not desk.wait_until_empty(leaving, self._gear.terms.grace):
            for run in desk.runs():
                self._foreman.kill(run)
            desk.wait_until_empty(leaving, _LAST_REPORTS_SECONDS)
