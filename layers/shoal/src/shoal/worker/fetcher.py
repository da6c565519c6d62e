"""Takes messages for the slots that are free, leases their chunks, and starts them."""

from __future__ import annotations

import json
import logging
import math
import uuid
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final

from pydantic import ValidationError

from shoal.domain import trace
from shoal.wire.worker import (
    MAX_BATCH,
    ChunkMessage,
    Lease,
    LeaseRequest,
    RangedInputs,
    ReceivedMessage,
    RemoteRejected,
    RemoteUnavailable,
    WantedChunk,
)
from shoal.worker.circuit_breaker import CallAbandoned
from shoal.worker.in_flight import ChunkRun
from shoal.worker.outbox import Outbox
from shoal.worker.run_coordinator import Inputs, RunCoordinator
from shoal.worker.weighted_round_robin import WeightedRoundRobin
from shoal.worker.worker_context import WorkerContext

_LOG = logging.getLogger("shoal.worker")

_LINGER: Final = 0.005
"""Seconds that a free slot waits for others, so that they fetch and lease in one call."""
_EMPTY_SECONDS: Final = 1.0
"""Seconds that an empty queue is not asked again while others have work."""
_LONG_POLL: Final = 20.0
_LONG_POLL_OF_SEVERAL: Final = 5.0
"""Seconds that an idle worker waits at the queue that had work last; so old may a message of
another queue become before it is seen."""
_MIN_POLL: Final = 1.0
_SHUTDOWN_MARGIN: Final = 2.0
"""Seconds of the grace that a long poll leaves: one that has begun when the worker is told to
leave is waited for, since what it may receive has to be given back."""
_QUIET_ROUNDS: Final = 2
_MAX_HIDE: Final = 43_200


class Fetcher:
    """One thread. `empty` is called once the queues hold nothing, for nobody and not later."""

    def __init__(
        self,
        context: WorkerContext,
        outbox: Outbox,
        coordinator: RunCoordinator,
        empty: Callable[[], None],
    ) -> None:
        weights = context.config.weights
        self._worker = context.config.name
        self._lease_seconds = context.config.lease
        self._until_empty = context.config.until_empty
        self._callbacks = context.callbacks
        self._deliveries = context.deliveries
        self._clock = context.clock
        self._in_flight = context.in_flight
        self._draining = context.draining
        self._api = context.api
        self._queue = context.queue
        self._storage = context.storage
        self._meters = context.meters
        self._tracer = context.tracer
        self._outbox = outbox
        self._coordinator = coordinator
        self._empty = empty
        self._queue_order = WeightedRoundRobin(weights)
        max_poll = _LONG_POLL if len(weights) == 1 else _LONG_POLL_OF_SEVERAL
        self._long_poll = max(_MIN_POLL, min(max_poll, context.config.grace - _SHUTDOWN_MARGIN))
        self._last_busy = "normal" if "normal" in weights else next(iter(weights))
        self._empty_until = dict.fromkeys(weights, 0.0)
        self._idle = False

    def serve(self) -> None:
        """Fetch until the worker drains. Whatever it raises must stop the worker."""
        quiet_rounds = 0
        try:
            while slots := self._in_flight.wait_for_slots(self._draining, _LINGER):
                deliveries = self._receive(min(slots, MAX_BATCH))
                if self._draining.is_set():
                    self._return(deliveries)
                elif deliveries:
                    quiet_rounds = 0
                    self._lease(deliveries)
                else:
                    quiet_rounds = 0 if self._in_flight.runs() else quiet_rounds + 1
                    if (
                        self._until_empty
                        and quiet_rounds >= _QUIET_ROUNDS
                        and not self._message_count()
                    ):
                        self._empty()
        except CallAbandoned:
            return

    # Messages.

    def _receive(self, limit: int) -> list[ReceivedMessage]:
        """Messages of the queues in their turn; waits only when all were empty before."""
        got: list[ReceivedMessage] = []
        order = self._queue_order.next()
        if self._idle:
            order.sort(key=lambda name: name != self._last_busy)
        for name in order:
            wait = self._long_poll if self._idle and name == order[0] else 0.0
            if len(got) == limit or not (self._idle or self._is_due(name)):
                continue
            some = self._receive_from(name, limit - len(got), wait)
            if some:
                self._last_busy = name
            else:
                self._empty_until[name] = self._clock.monotonic() + _EMPTY_SECONDS
            got += some
        self._idle = not got
        return got

    def _message_count(self) -> int:
        """Those that nobody can receive now count too: a retry waits, a dead worker had a lease."""
        return sum(
            self._queue("count", partial(self._deliveries.left, name)) for name in self._empty_until
        )

    def _return(self, deliveries: Sequence[ReceivedMessage]) -> None:
        try:
            self._deliveries.hide(deliveries, 0)
        except RemoteUnavailable as away:  # others see them when their time has run out
            _LOG.warning("messages are not given back: %s", away)

    def _is_due(self, name: str) -> bool:
        return self._clock.monotonic() >= self._empty_until[name]

    def _receive_from(self, name: str, limit: int, wait: float) -> Sequence[ReceivedMessage]:
        if self._draining.is_set():
            return []
        return self._queue(
            "receive",
            lambda: self._deliveries.receive(
                name, limit=limit, wait=wait, visibility=self._lease_seconds
            ),
        )

    def _admit(self, deliveries: Sequence[ReceivedMessage]) -> dict[tuple[str, int], ChunkRun]:
        """Put messages on the desk; one that names a chunk in hand is hidden a while."""
        runs: dict[tuple[str, int], ChunkRun] = {}
        for delivery in deliveries:
            try:
                message = ChunkMessage.model_validate_json(delivery.body)
            except ValidationError as error:
                _LOG.error("a message is not ours, it is left to the dead letters: %s", error)
                continue
            if delivery.sent_at is not None:
                self._meters.waited(max(0.0, self._clock.now() - delivery.sent_at))
            run = ChunkRun(message, delivery, self._clock.monotonic())
            if self._in_flight.admit(run):
                runs[run.key] = run
            else:
                self._hide(delivery, self._lease_seconds)
        return runs

    def _hide(self, delivery: ReceivedMessage, seconds: float) -> None:
        whole = min(math.ceil(seconds), _MAX_HIDE)
        self._queue("hide", lambda: self._deliveries.hide([delivery], whole))

    # Leases.

    def _lease(self, deliveries: Sequence[ReceivedMessage]) -> None:
        runs = self._admit(deliveries)
        if runs:
            self._lease_runs(runs)

    def _lease_runs(self, runs: Mapping[tuple[str, int], ChunkRun]) -> None:
        request = LeaseRequest(
            worker=self._worker,
            request_id=uuid.uuid4().hex,
            chunks=[WantedChunk(job_id=job, chunk=chunk) for job, chunk in runs],
        )
        try:
            answer = self._api("lease", lambda: self._callbacks.lease(request))
        except RemoteRejected as refused:
            self._lease_individually(runs, refused)
            return
        leases = {(lease.job_id, lease.chunk): lease for lease in answer.leases}
        inline: list[tuple[ChunkRun, Inputs]] = []
        for key, run in runs.items():
            lease = self._granted(run, leases.get(key))
            if lease is None:
                continue
            if lease.inputs is None:
                inline.append((run, _inline(lease)))
            else:
                self._coordinator.start((run, self._fetched(lease, lease.inputs)))
        self._coordinator.start(*inline)

    def _lease_individually(
        self, runs: Mapping[tuple[str, int], ChunkRun], refused: RemoteRejected
    ) -> None:
        """One of the chunks is refused; the others shall not suffer."""
        for key, run in runs.items():
            if len(runs) > 1:
                self._lease_runs({key: run})
            else:
                _LOG.error(
                    "lease refused, the message is left alone: %s", refused, extra=run.log_fields
                )
                self._in_flight.remove(run)

    def _granted(self, run: ChunkRun, lease: Lease | None) -> Lease | None:
        """The lease, noted at its run; if it is none, be done with the run."""
        if lease is not None and lease.decision == "granted":
            run.lease = lease
            self._meters.leased(lease)
            if self._tracer is not None:
                parent = lease.trace or trace.of_job(lease.job_id)
                run.span = self._tracer.chunk(lease, parent)
            return lease
        if lease is None:
            _LOG.error("the lease's answer does not name the chunk", extra=run.log_fields)
        elif lease.decision == "held":
            self._hide(run.delivery, lease.retry_after or self._lease_seconds)
        else:
            self._outbox.settle(run.delivery)
        self._in_flight.remove(run)
        return None

    def _fetched(self, lease: Lease, source: RangedInputs) -> Inputs:
        """Inputs that are too large for the answer."""
        params = lease.params or {}
        try:
            body = self._storage(
                "inputs", lambda: self._callbacks.download(source.url, source.headers)
            )
            lines = body.split(b"\n")
            return [params | json.loads(lines[task["line"]]) for task in lease.tasks]
        except RemoteRejected as refused:
            return refused
        except (ValueError, TypeError, LookupError) as error:
            return RemoteRejected(200, f"the inputs cannot be read: {type(error).__name__}")


def _inline(lease: Lease) -> Inputs:
    """The input of each task over the job's params."""
    params = lease.params or {}
    return [params | task.get("input", {}) for task in lease.tasks]
