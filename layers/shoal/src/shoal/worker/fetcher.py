"""Receives messages for free slots, leases their chunks and starts them."""

from __future__ import annotations

import json
import logging
import math
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
"""Seconds that a free slot waits for other slots, to share one call to SQS and one to the API."""
_EMPTY_SECONDS: Final = 1.0
"""Seconds before an empty queue is polled again while other queues have messages."""
_LONG_POLL: Final = 20.0
_LONG_POLL_OF_SEVERAL: Final = 5.0
"""Seconds that an idle worker with several queues long-polls the queue of its last message. A
message in another queue may wait this long."""
_MIN_POLL: Final = 1.0
_SHUTDOWN_MARGIN: Final = 2.0
"""A long poll ends this many seconds before the grace period would: at shutdown the worker waits
for a poll in progress, because it must return the messages that the poll receives."""
_QUIET_ROUNDS: Final = 2
_MAX_HIDE: Final = 43_200


class Fetcher:
    """The fetcher thread.

    With `until_empty`, calls `empty` once no queue has visible, delayed or in-flight messages.
    """

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
        self._entropy = context.entropy
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
        """Fetches until the worker drains. The worker stops if this raises."""
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
        """Receives from the queues in weighted order. Long-polls only if all were empty before."""
        received: list[ReceivedMessage] = []
        order = self._queue_order.next()
        if self._idle:
            order.sort(key=lambda name: name != self._last_busy)
        for name in order:
            wait = self._long_poll if self._idle and name == order[0] else 0.0
            if len(received) == limit or not (self._idle or self._is_due(name)):
                continue
            batch = self._receive_from(name, limit - len(received), wait)
            if batch:
                self._last_busy = name
            else:
                self._empty_until[name] = self._clock.monotonic() + _EMPTY_SECONDS
            received += batch
        self._idle = not received
        return received

    def _message_count(self) -> int:
        """Counts delayed and in-flight messages too: retries, and chunks of a dead worker."""
        return sum(
            self._queue("count", partial(self._deliveries.message_count, name))
            for name in self._empty_until
        )

    def _return(self, deliveries: Sequence[ReceivedMessage]) -> None:
        try:
            self._deliveries.hide(deliveries, 0)
        except RemoteUnavailable as unavailable:  # they become visible after their timeout
            _LOG.warning("cannot return messages to the queue: %s", unavailable)

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
        """Adds runs for the messages. Hides a message whose chunk is already in flight."""
        runs: dict[tuple[str, int], ChunkRun] = {}
        for delivery in deliveries:
            try:
                message = ChunkMessage.model_validate_json(delivery.body)
            except ValidationError as error:
                _LOG.error("invalid message; it will move to the dead-letter queue: %s", error)
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
        whole_seconds = min(math.ceil(seconds), _MAX_HIDE)
        self._queue("hide", lambda: self._deliveries.hide([delivery], whole_seconds))

    # Leases.

    def _lease(self, deliveries: Sequence[ReceivedMessage]) -> None:
        runs = self._admit(deliveries)
        if runs:
            self._lease_runs(runs)

    def _lease_runs(self, runs: Mapping[tuple[str, int], ChunkRun]) -> None:
        request = LeaseRequest(
            worker=self._worker,
            request_id=self._entropy.bytes().hex(),
            chunks=[WantedChunk(job_id=job, chunk=chunk) for job, chunk in runs],
        )
        try:
            response = self._api("lease", lambda: self._callbacks.lease(request))
        except RemoteRejected as rejected:
            self._lease_individually(runs, rejected)
            return
        leases = {(lease.job_id, lease.chunk): lease for lease in response.leases}
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
        self, runs: Mapping[tuple[str, int], ChunkRun], rejected: RemoteRejected
    ) -> None:
        """Leases each chunk in a separate call after the API rejected a call for several."""
        for key, run in runs.items():
            if len(runs) > 1:
                self._lease_runs({key: run})
            else:
                _LOG.error(
                    "lease rejected; the message stays in the queue: %s",
                    rejected,
                    extra=run.log_fields,
                )
                self._in_flight.remove(run)

    def _granted(self, run: ChunkRun, lease: Lease | None) -> Lease | None:
        """Stores a granted lease in its run and returns it. Otherwise removes the run."""
        if lease is not None and lease.decision == "granted":
            run.lease = lease
            self._meters.leased(lease)
            if self._tracer is not None:
                parent = lease.trace or trace.of_job(lease.job_id)
                run.span = self._tracer.chunk(lease, parent)
            return lease
        if lease is None:
            _LOG.error("the lease response has no entry for the chunk", extra=run.log_fields)
        elif lease.decision == "held":
            self._hide(run.delivery, lease.retry_after or self._lease_seconds)
        else:
            self._outbox.settle(run.delivery)
        self._in_flight.remove(run)
        return None

    def _fetched(self, lease: Lease, source: RangedInputs) -> Inputs:
        """Downloads inputs that are too large for the lease response."""
        params = lease.params or {}
        try:
            body = self._storage(
                "inputs", lambda: self._callbacks.download(source.url, source.headers)
            )
            lines = body.split(b"\n")
            return [params | json.loads(lines[task["line"]]) for task in lease.tasks]
        except RemoteRejected as rejected:
            return rejected
        except (ValueError, TypeError, LookupError) as error:
            return RemoteRejected(200, f"cannot read the inputs: {type(error).__name__}")


def _inline(lease: Lease) -> Inputs:
    """Returns the input of each task, merged over the params of the job."""
    params = lease.params or {}
    return [params | task.get("input", {}) for task in lease.tasks]
