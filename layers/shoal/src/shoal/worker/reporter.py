"""Reports the outcomes of several chunks per call, and deletes messages after accepted reports."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Final, NamedTuple

from shoal.wire.worker import (
    MAX_INLINE_BYTES,
    EncodedReport,
    PartRequest,
    ReceivedMessage,
    RemoteFailed,
    RemoteRejected,
    ReportDecision,
    encode_reports,
)
from shoal.worker.chunk_run import ChunkRun, RunMove, RunState
from shoal.worker.outbox import Outbox
from shoal.worker.outcome import without_details
from shoal.worker.run_coordinator import RunCoordinator
from shoal.worker.worker_context import WorkerContext

_LOG = logging.getLogger("shoal.worker")
FIRST_DELAY: Final = 1.0
MAX_DELAY: Final = 60.0
"""Seconds before a report that failed alone is repeated: doubled at each failure."""


class _Entry(NamedTuple):
    run: ChunkRun
    report: EncodedReport


class Reporter:
    """The reporter thread."""

    def __init__(self, context: WorkerContext, outbox: Outbox, coordinator: RunCoordinator) -> None:
        self._worker = context.config.name
        self._callbacks = context.callbacks
        self._deliveries = context.deliveries
        self._in_flight = context.in_flight
        self._api_version = context.api_version
        self._api = context.api
        self._queue = context.queue
        self._meters = context.meters
        self._outbox = outbox
        self._coordinator = coordinator

    def serve(self) -> None:
        """Reports and deletes until the outbox is closed and empty."""
        while self._outbox.wait():
            reports = self._outbox.take_reports()
            batch = [
                self._entry(run, final=final) for run, final in reports if not run.state.dropped
            ]
            if batch:
                self._report(batch)
            while settled := self._outbox.take_settled():
                self._delete(settled)

    def _entry(self, run: ChunkRun, *, final: bool) -> _Entry:
        """Returns the report of a run: one that had no answer again, or its outcomes so far."""
        lease = run.lease
        assert lease is not None  # noqa: S101 - only leased runs are reported
        if run.unanswered is None:
            assert lease.epoch is not None  # noqa: S101 - every granted lease has one
            run.unanswered = EncodedReport(
                *(lease.job_id, lease.chunk, lease.epoch),
                *(run.reported + 1, final, run.take_outcomes()),
            )
        token = self._api_version.token(lease.token)
        return _Entry(run, run.unanswered._replace(token=token))

    def _report(self, batch: Sequence[_Entry]) -> None:
        """Reports runs in one call; if it fails, each in a separate call."""
        try:
            body = encode_reports(
                self._worker,
                [self._with_part(entry.report) for entry in batch],
                per_chunk=bool(self._api_version.per_chunk),
            )
            response = self._api("report", lambda: self._callbacks.report(body), per_call=True)
        except RemoteFailed as failed:
            if len(batch) == 1:
                self._postpone(batch[0], failed, failed.retry_after)
            else:
                self._report_individually(batch)
            return
        except RemoteRejected as rejected:
            if len(batch) == 1:
                self._give_up(batch[0].run, rejected)
            else:
                self._report_individually(batch)
            return
        decisions = {(each.job_id, each.chunk): each for each in response.reports}
        done = [entry.run for entry in batch if self._conclude(entry, decisions.get(entry.run.key))]
        if done:
            self._outbox.settle(*(run.delivery for run in done))
            self._in_flight.remove(*done)

    def _report_individually(self, batch: Sequence[_Entry]) -> None:
        for entry in batch:
            self._report([entry])

    def _postpone(self, entry: _Entry, why: object, retry_after: float | None) -> None:
        """Reports the run again later. Meanwhile the others are reported."""
        run = entry.run
        seconds = min(
            MAX_DELAY, max(retry_after or 0.0, FIRST_DELAY * 2.0 ** min(run.failures, 16))
        )
        run.failures += 1
        _LOG.warning("report failed, repeating in %.1f s: %s", seconds, why, extra=run.log_fields)
        self._outbox.delay(run, seconds, final=entry.report.final)

    def _with_part(self, report: EncodedReport) -> EncodedReport:
        """Uploads outcomes that are too large for the call as a part. Returns the final report."""
        if sum(map(len, report.outcomes)) <= MAX_INLINE_BYTES:
            return report
        body = b"[%s]" % b",".join(report.outcomes)
        request = PartRequest(
            worker=self._worker,
            job_id=report.job_id,
            chunk=report.chunk,
            epoch=report.epoch,
            token=report.token,
            report=report.report,
            size=len(body),
        )

        def send() -> str:
            target = self._callbacks.part(request)  # on each retry, because the URL expires
            self._callbacks.upload(target.url, target.headers, body)
            return target.key

        key = self._api("part", send, per_call=True)
        return report._replace(
            outcomes=[without_details(outcome) for outcome in report.outcomes], part=key
        )

    def _conclude(self, entry: _Entry, answer: ReportDecision | None) -> bool:
        """Applies the decision about a report. Returns True if the run has ended."""
        run, report = entry
        if answer is None:
            self._give_up(run, RemoteRejected(200, "the response has no entry for the chunk"))
            return False
        if answer.decision in {"unavailable", "part_missing"}:  # the part is uploaded again
            self._postpone(entry, answer.decision, answer.retry_after)
            return False
        run.unanswered, run.failures = None, 0
        match answer.decision:
            case "accepted":
                run.reported = report.report
                self._record_accepted(run, report)
                if report.final:
                    run.move(RunMove.END)
                    return True
                if run.state is RunState.CONCLUDED:
                    self._outbox.final(run)
                else:
                    self._coordinator.run_next(run)
            case "cancelled":
                self._coordinator.cancel(run)
            case _:
                self._meters.stale()
                self._coordinator.abandon(run)
        return False

    def _record_accepted(self, run: ChunkRun, report: EncodedReport) -> None:
        """Records an accepted report in metrics and trace."""
        lease = run.lease
        assert lease is not None  # noqa: S101 - only leased runs are reported
        self._meters.ended(lease.task_type or "", report.outcomes)
        if run.span is not None:
            run.span.tasks(report.outcomes)
            if report.final:
                run.span.end("reported")

    def _give_up(self, run: ChunkRun, rejected: RemoteRejected) -> None:
        _LOG.error("report rejected; dropping the chunk: %s", rejected, extra=run.log_fields)
        self._coordinator.abandon(run)

    def _delete(self, settled: Sequence[ReceivedMessage]) -> None:
        try:
            self._queue("delete", lambda: self._deliveries.delete(settled))
        except RemoteRejected as rejected:  # SQS delivers them again, and the API answers `done`
            _LOG.error("cannot delete messages: %s", rejected)
