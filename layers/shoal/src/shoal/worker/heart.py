"""Keeps what is in hand: renews leases, hides messages, and obeys what comes back."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from itertools import batched
from typing import Final

from shoal.wire.worker import MAX_BEATS, Away, Beat, BeatDecision, HeartbeatRequest, Refused
from shoal.worker.desk import Run
from shoal.worker.foreman import Foreman
from shoal.worker.gear import Gear
from shoal.worker.health import LONGEST_CALL

_LOG = logging.getLogger("shoal.worker")

OLDEST: Final = 11 * 3600.0
"""Seconds; SQS lets a message be hidden for 12 hours in all."""


class Heart:
    """One thread that beats every third of the lease; a chunk's first sixth needs no beat."""

    def __init__(self, gear: Gear, foreman: Foreman) -> None:
        self._worker = gear.terms.name
        self._lease = gear.terms.lease
        self._callbacks = gear.callbacks
        self._deliveries = gear.deliveries
        self._clock = gear.clock
        self._desk = gear.desk
        self._meters = gear.meters
        self._pulse = gear.pulse
        self._foreman = foreman

    def serve(self, closed: threading.Event) -> None:
        """Beat until closed. Whatever it raises must stop the worker."""
        pause = self._lease / 3
        self._pulse(pause)
        while not closed.wait(pause):
            self._pulse(LONGEST_CALL)
            pause = self._lease / (3 if self.beat() else 12)
            self._pulse(pause)

    def beat(self) -> bool:
        """Beat once; whether the other sides heard it."""
        runs = [run for run in self._desk.runs() if not run.dropped]
        for run in runs:
            self._foreman.look(run, report=False)
        fresh = self._clock.monotonic() - self._lease / 6
        due = [run for run in runs if run.renewed_at < fresh]
        try:
            self._hide(due)
            self._renew([run for run in due if run.lease])
        except Away as away:
            _LOG.warning("heartbeat: away: %s", away)
            self._meters.away("heartbeat")
            return False
        except Refused as refused:
            _LOG.error("heartbeat refused: %s", refused)
        finally:
            self._look_after(runs)
        return True

    def _hide(self, runs: Sequence[Run]) -> None:
        if runs:
            self._deliveries.hide([run.delivery for run in runs], self._lease)

    def _renew(self, runs: Sequence[Run]) -> None:
        for some in batched(runs, MAX_BEATS, strict=False):
            beats = [_beat(run) for run in some]
            answer = self._callbacks.heartbeat(HeartbeatRequest(worker=self._worker, leases=beats))
            decisions = {(each.job_id, each.chunk): each for each in answer.leases}
            for run in some:
                if run.key in decisions:
                    self._obey(run, decisions[run.key])

    def _obey(self, run: Run, told: BeatDecision) -> None:
        if run.concluded:
            return  # its final report is on the way, and may be why this answer is `stale`
        if told.decision == "cancelled" or told.directive == "cancel":
            self._foreman.cancel(run)
        elif told.decision == "stale":
            self._foreman.lose(run)
        else:
            run.renewed_at = self._clock.monotonic()
            if told.directive == "pause":
                self._foreman.stop(run)

    def _look_after(self, runs: Sequence[Run]) -> None:
        now = self._clock.monotonic()
        for run in runs:
            if run.dropped:
                continue
            if now - run.received_at > OLDEST:
                _LOG.warning("message is too old, chunk is handed back", extra=run.known)
                self._foreman.kill(run)
            elif now >= run.hand_back_at:
                self._foreman.hand_back(run)
            else:
                self._foreman.look(run, report=True)


def _beat(run: Run) -> Beat:
    job, chunk = run.key
    segment, lease = run.segment, run.lease
    assert lease is not None  # noqa: S101 - only leased runs are renewed
    assert lease.epoch is not None  # noqa: S101 - the model of a grant says so
    index, progress = (None, None) if segment is None else segment.in_hand_now
    return Beat(job_id=job, chunk=chunk, epoch=lease.epoch, index=index, progress=progress)
