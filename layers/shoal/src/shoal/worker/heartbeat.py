"""Sends heartbeats: extends leases and message visibility, and applies the API's directives."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from itertools import batched
from typing import Final

from shoal.wire.worker import (
    MAX_BEATS,
    Beat,
    BeatDecision,
    HeartbeatRequest,
    RemoteRejected,
    RemoteUnavailable,
)
from shoal.worker.health import MAX_CALL_SECONDS
from shoal.worker.in_flight import ChunkRun
from shoal.worker.run_coordinator import RunCoordinator
from shoal.worker.worker_context import WorkerContext

_LOG = logging.getLogger("shoal.worker")

MAX_MESSAGE_AGE: Final = 11 * 3600.0
"""Seconds after which a chunk is released: SQS limits visibility to 12 hours in total."""


class HeartbeatLoop:
    """The heartbeat thread. It runs every third of the lease.

    Leases that were extended less than a sixth of the lease ago are skipped.
    """

    def __init__(self, context: WorkerContext, coordinator: RunCoordinator) -> None:
        self._worker = context.config.name
        self._lease = context.config.lease
        self._callbacks = context.callbacks
        self._deliveries = context.deliveries
        self._clock = context.clock
        self._in_flight = context.in_flight
        self._meters = context.meters
        self._watchdog = context.watchdog
        self._coordinator = coordinator

    def serve(self, closed: threading.Event) -> None:
        """Sends heartbeats until closed. The worker stops if this raises."""
        pause = self._lease / 3
        self._watchdog.ping(pause)
        while not closed.wait(pause):
            self._watchdog.ping(MAX_CALL_SECONDS)
            pause = self._lease / (3 if self.run_once() else 12)
            self._watchdog.ping(pause)

    def run_once(self) -> bool:
        """Sends the heartbeats that are due. Returns False if SQS or the API is unavailable."""
        runs = [run for run in self._in_flight.runs() if not run.dropped]
        for run in runs:
            self._coordinator.poll(run, report=False)
        fresh = self._clock.monotonic() - self._lease / 6
        due = [run for run in runs if run.renewed_at < fresh]
        try:
            self._extend_visibility(due)
            self._renew([run for run in due if run.lease])
        except RemoteUnavailable as unavailable:
            _LOG.warning("heartbeat: unavailable: %s", unavailable)
            self._meters.unavailable("heartbeat")
            return False
        except RemoteRejected as rejected:
            _LOG.error("heartbeat rejected: %s", rejected)
        finally:
            self._supervise(runs)
        return True

    def _extend_visibility(self, runs: Sequence[ChunkRun]) -> None:
        if runs:
            self._deliveries.hide([run.delivery for run in runs], self._lease)

    def _renew(self, runs: Sequence[ChunkRun]) -> None:
        for batch in batched(runs, MAX_BEATS, strict=False):
            beats = [_renewal(run) for run in batch]
            response = self._callbacks.heartbeat(
                HeartbeatRequest(worker=self._worker, leases=beats)
            )
            decisions = {(each.job_id, each.chunk): each for each in response.leases}
            for run in batch:
                if run.key in decisions:
                    self._apply(run, decisions[run.key])

    def _apply(self, run: ChunkRun, response: BeatDecision) -> None:
        if run.concluded:
            return  # the final report is in progress and may have caused a `stale` decision
        if response.decision == "cancelled" or response.directive == "cancel":
            self._coordinator.cancel(run)
        elif response.decision == "stale":
            self._coordinator.abandon(run)
        else:
            run.renewed_at = self._clock.monotonic()
            if response.directive == "pause":
                self._coordinator.stop(run)

    def _supervise(self, runs: Sequence[ChunkRun]) -> None:
        now = self._clock.monotonic()
        for run in runs:
            if run.dropped:
                continue
            if now - run.received_at > MAX_MESSAGE_AGE:
                _LOG.warning(
                    "releasing the chunk: its message is too old to extend", extra=run.log_fields
                )
                self._coordinator.kill(run)
            elif now >= run.release_at:
                self._coordinator.release(run)
            else:
                self._coordinator.poll(run, report=True)


def _renewal(run: ChunkRun) -> Beat:
    job, chunk = run.key
    segment, lease = run.segment, run.lease
    assert lease is not None  # noqa: S101 - only leased runs are renewed
    assert lease.epoch is not None  # noqa: S101 - every granted lease has one
    index, progress = (None, None) if segment is None else segment.current_task_now
    return Beat(job_id=job, chunk=chunk, epoch=lease.epoch, index=index, progress=progress)
