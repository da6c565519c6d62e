"""Receives messages for free slots, leases their chunks and starts them."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Callable, Collection, Mapping, Sequence
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
    RemoteFailed,
    RemoteRejected,
    RemoteUnavailable,
    WantedChunk,
)
from shoal.worker.chunk_run import ChunkRun, RunMove
from shoal.worker.circuit_breaker import CallAbandoned
from shoal.worker.outbox import Outbox
from shoal.worker.run_coordinator import Inputs, RunCoordinator
from shoal.worker.set_aside import SetAside
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
        self._api_version = context.api_version
        self._set_aside = SetAside()
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
        self._left_until = dict.fromkeys(weights, 0.0)
        self._idle = False

    def serve(self) -> None:
        """Fetches until the worker drains. The worker stops if this raises."""
        quiet_rounds = 0
        try:
            while slots := self._in_flight.wait_for_slots(self._draining, _LINGER):
                if due := self._set_aside.take(self._clock.monotonic(), slots):
                    for run, request_id in due:
                        self._lease_runs({run.key: run}, request_id)
                    continue
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
        finally:
            self._return_set_aside()

    # Messages.

    def _receive(self, limit: int) -> list[ReceivedMessage]:
        """Receives from the queues in weighted order. Long-polls only if all were empty before."""
        received: list[ReceivedMessage] = []
        order = [name for name in self._queue_order.next() if self._left_for(name) <= 0]
        if not order:
            left = min(map(self._left_for, self._left_until))
            self._draining.wait(max(0.0, min(left, _MIN_POLL)))
            return []
        if self._idle:
            order.sort(key=lambda name: name != self._last_busy)
        for name in order:
            wait = self._poll_seconds() if self._idle and name == order[0] else 0.0
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

    def _left_for(self, name: str) -> float:
        """Returns the seconds for which the queue is left to workers that offer its chunks."""
        return self._left_until[name] - self._clock.monotonic()

    def _leave(self, runs: Collection[ChunkRun], seconds: float) -> None:
        """Leaves the queues of chunks whose types this worker does not offer."""
        for run in runs:
            self._left_until[run.delivery.queue] = self._clock.monotonic() + seconds

    def _poll_seconds(self) -> float:
        """Returns how long an idle worker polls: until a chunk is due that was set aside."""
        due = self._set_aside.next_due - self._clock.monotonic()
        return self._long_poll if due >= self._long_poll else max(_MIN_POLL, math.ceil(due))

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
            self._lease_runs(runs, self._request_id())

    def _request_id(self) -> str:
        """Returns a secret of 160 bits: the tokens of the leases follow from it."""
        return (self._entropy.bytes() + self._entropy.bytes()).hex()

    def _lease_runs(self, runs: Mapping[tuple[str, int], ChunkRun], request_id: str) -> None:
        """Leases chunks in one call; if it fails, each in a separate call."""
        per_chunk = self._api_version.per_chunk
        request = LeaseRequest(
            worker=self._worker,
            request_id=request_id,
            chunks=[WantedChunk(job_id=job, chunk=chunk) for job, chunk in runs],
            task_types=list(self._coordinator.task_types) if per_chunk else None,
            per_chunk=per_chunk,
            tokens=self._api_version.tokens,
        )
        try:
            response = self._api("lease", lambda: self._callbacks.lease(request), per_call=True)
        except (RemoteFailed, RemoteRejected) as error:
            for key, run in runs.items():
                if len(runs) > 1:
                    self._lease_runs({key: run}, request_id)
                elif isinstance(error, RemoteFailed):
                    self._put_aside(run, request_id, error, error.retry_after)
                else:
                    self._give_up(run, error)
            return
        leases = {(lease.job_id, lease.chunk): lease for lease in response.leases}
        inline: list[tuple[ChunkRun, Inputs]] = []
        for key, run in runs.items():
            lease = self._granted(run, leases.get(key), request_id)
            if lease is None:
                continue
            if lease.inputs is None:
                inline.append((run, _inline(lease)))
            else:
                self._coordinator.start((run, self._fetched(lease, lease.inputs)))
        self._coordinator.start(*inline)
        if all(lease.decision == "type_not_offered" for lease in response.leases):
            waits = (lease.retry_after or 0.0 for lease in response.leases)
            self._leave(runs.values(), max(waits, default=0.0))

    def _give_up(self, run: ChunkRun, error: RemoteRejected) -> None:
        _LOG.error(
            "lease rejected; the message stays in the queue: %s", error, extra=run.log_fields
        )
        self._remove(run)

    def _put_aside(
        self, run: ChunkRun, request_id: str, why: object, retry_after: float | None
    ) -> None:
        """Asks for the chunk again later, or returns its message. Meanwhile others are leased."""
        seconds = self._set_aside.put(run, request_id, self._clock.monotonic(), retry_after)
        _LOG.warning("lease failed, repeating in %.1f s: %s", seconds, why, extra=run.log_fields)
        if run not in self._set_aside:
            self._hide(run.delivery, seconds)
            self._remove(run)

    def _return_set_aside(self) -> None:
        runs = [run for run, _ in self._set_aside.take(math.inf, MAX_BATCH)]
        if runs:
            self._return([run.delivery for run in runs])
        for run in runs:
            self._remove(run)

    def _remove(self, run: ChunkRun) -> None:
        run.move(RunMove.END)
        self._in_flight.remove(run)

    def _granted(self, run: ChunkRun, lease: Lease | None, request_id: str) -> Lease | None:
        """Stores a granted lease in its run and returns it. Otherwise ends the run."""
        if lease is None:
            _LOG.error("the lease response has no entry for the chunk", extra=run.log_fields)
            self._remove(run)
            return None
        match lease.decision:
            case "granted":
                run.lease, run.failures = lease, 0
                run.renewed_at = self._clock.monotonic()
                self._meters.leased(lease)
                if self._tracer is not None:
                    parent = lease.trace or trace.of_job(lease.job_id)
                    run.span = self._tracer.chunk(lease, parent)
                return lease
            case "unavailable":
                self._put_aside(run, request_id, lease.decision, lease.retry_after)
                return None
            case "held":
                self._hide(run.delivery, lease.retry_after or self._lease_seconds)
            case _:
                self._outbox.settle(run.delivery)
        self._remove(run)
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
