"""Sends heartbeats: extends leases and message visibility, and applies the API's directives."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from functools import partial
from itertools import batched
from typing import Final

from shoal.wire.worker import (
    MAX_BEATS,
    Beat,
    BeatDecision,
    HeartbeatRequest,
    RemoteFailed,
    RemoteRejected,
    RemoteUnavailable,
)
from shoal.worker.chunk_run import ChunkRun, RunState
from shoal.worker.health import MAX_CALL_SECONDS
from shoal.worker.run_coordinator import RunCoordinator
from shoal.worker.worker_context import WorkerContext

_LOG = logging.getLogger("shoal.worker")

MAX_MESSAGE_AGE: Final = 11 * 3600.0
"""Seconds after which a chunk is released: SQS limits visibility to 12 hours in total."""


class HeartbeatLoop:
    """The heartbeat thread. It runs every third of the lease.

    Leases that were extended less than a sixth of the lease ago are skipped. In between it names
    tasks of isolated chunks, which start when the API has acknowledged the name: if the worker
    then dies, the API knows which task it ran.
    """

    def __init__(self, context: WorkerContext, coordinator: RunCoordinator) -> None:
        self._worker = context.config.name
        self._lease = context.config.lease
        self._callbacks = context.callbacks
        self._deliveries = context.deliveries
        self._clock = context.clock
        self._in_flight = context.in_flight
        self._api_version = context.api_version
        self._wanted = context.beat_wanted
        self._meters = context.meters
        self._watchdog = context.watchdog
        self._coordinator = coordinator

    def serve(self, closed: threading.Event) -> None:
        """Sends heartbeats until closed. The worker stops if this raises."""
        due = self._clock.monotonic() + self._lease / 3
        while True:
            pause = max(0.0, due - self._clock.monotonic())
            self._watchdog.ping(pause)
            self._wanted.wait(pause)
            if closed.is_set():
                return
            self._wanted.clear()
            self._watchdog.ping(MAX_CALL_SECONDS)
            named = self.name_tasks()
            now = self._clock.monotonic()
            if now >= due:
                due = now + self._lease / (3 if self.run_once() else 12)
            if not named:
                due = min(due, now + self._lease / 12)

    def run_once(self) -> bool:
        """Sends the heartbeats that are due. Returns False if SQS or the API is unavailable.

        The leases come first, and neither call skips the other if it fails.
        """
        runs = [run for run in self._in_flight.runs() if not run.state.dropped]
        for run in runs:
            self._coordinator.poll(run, report=False)
        fresh = self._clock.monotonic() - self._lease / 6
        leased = [run for run in runs if run.lease and run.renewed_at < fresh]
        renewed = self._attempt(lambda: self._renew(leased))
        visible = [run for run in runs if run.hidden_at < fresh and not run.state.dropped]
        extended = self._attempt(lambda: self._extend_visibility(visible))
        self._supervise(runs)
        return renewed and extended

    def name_tasks(self) -> bool:
        """Names the next tasks of isolated runs, and starts those that the API acknowledges.

        Returns False if some must be named again.
        """
        runs = [run for run in self._in_flight.runs() if run.state is RunState.NAMING]
        self._attempt(lambda: self._renew(runs))
        return not any(run.state is RunState.NAMING for run in runs)

    def _attempt(self, call: Callable[[], bool]) -> bool:
        """Returns the result of a call; False if the remote side is unavailable."""
        try:
            return call()
        except RemoteUnavailable as unavailable:
            _LOG.warning("heartbeat: unavailable: %s", unavailable)
            self._meters.unavailable("heartbeat")
            return False
        except RemoteRejected as rejected:
            _LOG.error("heartbeat rejected: %s", rejected)
            return True

    def _extend_visibility(self, runs: Sequence[ChunkRun]) -> bool:
        now = self._clock.monotonic()
        if runs:
            self._deliveries.hide([run.delivery for run in runs], self._lease)
        for run in runs:
            run.hidden_at = now
        return True

    def _renew(self, runs: Sequence[ChunkRun]) -> bool:
        """Renews leases. Returns False if some must be renewed again soon."""
        renewed = [self._renew_batch(batch) for batch in batched(runs, MAX_BEATS, strict=False)]
        return all(renewed)

    def _renew_batch(self, runs: Sequence[ChunkRun]) -> bool:
        request = HeartbeatRequest(
            worker=self._worker,
            leases=[self._renewal(run) for run in runs],
            per_chunk=self._api_version.per_chunk,
        )
        try:
            response = self._callbacks.heartbeat(request)
        except RemoteFailed:
            if len(runs) == 1:
                raise
            apart = [self._attempt(partial(self._renew_batch, [run])) for run in runs]
            return all(apart)
        decisions = {(each.job_id, each.chunk): each for each in response.leases}
        applied = [self._apply(run, decisions[run.key]) for run in runs if run.key in decisions]
        return all(applied)

    def _apply(self, run: ChunkRun, response: BeatDecision) -> bool:
        """Applies a decision. Returns False if the lease must be renewed again."""
        if run.state is RunState.CONCLUDED:
            return True  # the final report is in progress and may have caused a `stale` decision
        if response.decision == "unavailable":
            return False
        if response.decision == "cancelled" or response.directive == "cancel":
            self._coordinator.cancel(run)
        elif response.decision == "stale":
            self._coordinator.abandon(run)
        else:
            run.renewed_at = self._clock.monotonic()
            if response.directive == "pause":
                self._coordinator.stop(run)
            elif run.state is RunState.NAMING:
                self._coordinator.run_named(run)
        return True

    def _supervise(self, runs: Sequence[ChunkRun]) -> None:
        now = self._clock.monotonic()
        for run in runs:
            if run.state.dropped:
                continue
            if now - run.received_at > MAX_MESSAGE_AGE:
                _LOG.warning(
                    "releasing the chunk: its message is too old to extend", extra=run.log_fields
                )
                self._coordinator.kill(run)
            else:
                self._coordinator.poll(run, report=True)

    def _renewal(self, run: ChunkRun) -> Beat:
        """Returns the heartbeat of a run, with its current task, or the one that starts next."""
        job, chunk = run.key
        lease, segment, following = run.lease, run.segment, run.next_segment
        assert lease is not None  # noqa: S101 - only leased runs are renewed
        assert lease.epoch is not None  # noqa: S101 - every granted lease has one
        index, progress = (None, None) if segment is None else segment.current_task_now
        if run.state is RunState.NAMING and following is not None:
            index = following.assignment.tasks[0][0]
        return Beat(
            job_id=job,
            chunk=chunk,
            epoch=lease.epoch,
            token=self._api_version.token(lease.token),
            index=index,
            progress=progress,
        )
