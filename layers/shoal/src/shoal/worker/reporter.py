"""Reports the outcomes of several chunks per call, and deletes messages after accepted reports."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import NamedTuple

from shoal.wire.worker import (
    MAX_INLINE_BYTES,
    EncodedReport,
    PartRequest,
    ReceivedMessage,
    RemoteRejected,
    encode_reports,
)
from shoal.worker.in_flight import ChunkRun
from shoal.worker.outbox import Outbox
from shoal.worker.outcome import without_details
from shoal.worker.run_coordinator import RunCoordinator
from shoal.worker.worker_context import WorkerContext

_LOG = logging.getLogger("shoal.worker")


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
        self._api = context.api
        self._queue = context.queue
        self._meters = context.meters
        self._outbox = outbox
        self._coordinator = coordinator

    def serve(self) -> None:
        """Reports and deletes until the outbox is closed and empty."""
        while self._outbox.wait():
            reports = self._outbox.take_reports()
            batch = [self._entry(run, final=final) for run, final in reports if not run.dropped]
            if batch:
                self._report(batch)
            while settled := self._outbox.take_settled():
                self._delete(settled)

    def _entry(self, run: ChunkRun, *, final: bool) -> _Entry:
        lease, outcomes = run.lease, run.take_outcomes()
        assert lease is not None  # noqa: S101 - only leased runs are reported
        assert lease.epoch is not None  # noqa: S101 - every granted lease has one
        report = EncodedReport(
            *(lease.job_id, lease.chunk, lease.epoch),
            *(run.reported + 1, final, outcomes),
        )
        return _Entry(run, report)

    def _report(self, batch: Sequence[_Entry]) -> None:
        try:
            reports = [self._with_part(entry.report) for entry in batch]
            body = encode_reports(self._worker, reports)
            response = self._api("report", lambda: self._callbacks.report(body))
        except RemoteRejected as rejected:
            if len(batch) == 1:
                self._give_up(batch[0].run, rejected)
                return
            for entry in batch:  # report each separately, so that only the invalid one is lost
                self._report([entry])
            return
        decisions = {(each.job_id, each.chunk): each.decision for each in response.reports}
        done = [run for run, report in batch if self._conclude(run, report, decisions.get(run.key))]
        if done:
            self._outbox.settle(*(run.delivery for run in done))
            self._in_flight.remove(*done)

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
            report=report.report,
            size=len(body),
        )

        def send() -> str:
            target = self._callbacks.part(request)  # on each retry, because the URL expires
            self._callbacks.upload(target.url, target.headers, body)
            return target.key

        key = self._api("part", send)
        return report._replace(
            outcomes=[without_details(outcome) for outcome in report.outcomes], part=key
        )

    def _conclude(self, run: ChunkRun, report: EncodedReport, decision: str | None) -> bool:
        """Applies the decision about a report. Returns True if the run has ended."""
        if decision == "accepted":
            run.reported = report.report
            self._record_accepted(run, report)
            if report.final:
                return True
            self._coordinator.run_next(run)
        elif decision is None:
            self._give_up(run, RemoteRejected(200, "the response has no entry for the chunk"))
        elif decision == "cancelled":
            self._coordinator.cancel(run)
        else:
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
