"""Keeps what is in hand: renews leases, hides messages, and obeys what comes back."""

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
"""Seconds; SQS lets a message be hidden for 12 hours in all."""


class HeartbeatLoop:
    """One thread that beats every third of the lease; a chunk's first sixth needs no beat."""

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
        """Beat until closed. Whatever it raises must stop the worker."""
        pause = self._lease / 3
        self._watchdog.ping(pause)
        while not closed.wait(pause):
            self._watchdog.ping(MAX_CALL_SECONDS)
            pause = self._lease / (3 if self.run_once() else 12)
            self._watchdog.ping(pause)

    def run_once(self) -> bool:
        """Beat once; whether the other sides heard it."""
        runs = [run for run in self._in_flight.runs() if not run.dropped]
        for run in runs:
            self._coordinator.poll(run, report=False)
        fresh = self._clock.monotonic() - self._lease / 6
        due = [run for run in runs if run.renewed_at < fresh]
        try:
            self._extend_visibility(due)
            self._renew([run for run in due if run.lease])
        except RemoteUnavailable as away:
            _LOG.warning("heartbeat: away: %s", away)
            self._meters.away("heartbeat")
            return False
        except RemoteRejected as refused:
            _LOG.error("heartbeat refused: %s", refused)
        finally:
            self._supervise(runs)
        return True

    def _extend_visibility(self, runs: Sequence[ChunkRun]) -> None:
        if runs:
            self._deliveries.hide([run.delivery for run in runs], self._lease)

    def _renew(self, runs: Sequence[ChunkRun]) -> None:
        for batch in batched(runs, MAX_BEATS, strict=False):
            beats = [_renewal(run) for run in batch]
            answer = self._callbacks.heartbeat(HeartbeatRequest(worker=self._worker, leases=beats))
            decisions = {(each.job_id, each.chunk): each for each in answer.leases}
            for run in batch:
                if run.key in decisions:
                    self._apply(run, decisions[run.key])

    def _apply(self, run: ChunkRun, answer: BeatDecision) -> None:
        if run.concluded:
            return  # its final report is on the way, and may be why this answer is `stale`
        if answer.decision == "cancelled" or answer.directive == "cancel":
            self._coordinator.cancel(run)
        elif answer.decision == "stale":
            self._coordinator.abandon(run)
        else:
            run.renewed_at = self._clock.monotonic()
            if answer.directive == "pause":
                self._coordinator.stop(run)

    def _supervise(self, runs: Sequence[ChunkRun]) -> None:
        now = self._clock.monotonic()
        for run in runs:
            if run.dropped:
                continue
            if now - run.received_at > MAX_MESSAGE_AGE:
                _LOG.warning("message is too old, chunk is handed back", extra=run.log_fields)
                self._coordinator.kill(run)
            elif now >= run.release_at:
                self._coordinator.release(run)
            else:
                self._coordinator.poll(run, report=True)


def _renewal(run: ChunkRun) -> Beat:
    job, chunk = run.key
    segment, lease = run.segment, run.lease
    assert lease is not None  # noqa: S101 - only leased runs are renewed
    assert lease.epoch is not None  # noqa: S101 - the model of a grant says so
    index, progress = (None, None) if segment is None else segment.current_task_now
    return Beat(job_id=job, chunk=chunk, epoch=lease.epoch, index=index, progress=progress)
