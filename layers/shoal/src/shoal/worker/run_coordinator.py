"""Starts, continues, stops, kills, releases and drops runs.

All threads call it. The lock of a run serializes conflicting calls.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any, Final

from shoal.wire.worker import MAX_TIMEOUT, Lease, RemoteRejected
from shoal.worker.assignment import Assignment
from shoal.worker.fork_client import ForkClient, OfferedType
from shoal.worker.in_flight import ChunkRun
from shoal.worker.outbox import Outbox
from shoal.worker.outcome import TimestampFormatter, failed
from shoal.worker.pool import Pool
from shoal.worker.segment import Segment
from shoal.worker.worker_context import WorkerContext

_LOG = logging.getLogger("shoal.worker")

UNKNOWN_TYPE_SECONDS: Final = 30.0
"""Seconds before the worker releases a chunk of a task type that it does not have."""
_NEVER: Final = float("inf")

type Inputs = Sequence[Mapping[str, Any]] | RemoteRejected


class RunCoordinator:
    """Connects the pool, which runs segments, with the outbox, which receives the outcomes."""

    def __init__(
        self, context: WorkerContext, fork_client: ForkClient, pool: Pool, outbox: Outbox
    ) -> None:
        self._context = context
        self._fork_client = fork_client
        self._pool = pool
        self._outbox = outbox

    def start(self, *leased: tuple[ChunkRun, Inputs]) -> None:
        """Starts leased runs with their inputs."""
        runs = [run for run, inputs in leased if self._can_run(run, inputs)]
        self._pool.run(*(segment for run in runs if (segment := self._next(run))))

    def _can_run(self, run: ChunkRun, inputs: Inputs) -> bool:
        """Prepares the segments and takes a slot. Returns False if the run cannot start."""
        lease = run.lease
        assert lease is not None  # noqa: S101 - only leased runs are started
        offered = self._fork_client.types.get(lease.task_type or "")
        if offered is None:
            self._hold_unknown_type(run, lease)
        elif isinstance(inputs, RemoteRejected):
            self._fail_all(run, lease, inputs)
        else:
            run.pending = _segments(run, lease, inputs, offered)
            run.on_end = self._segment_ended
            run.holds_slot = True
            self._context.in_flight.take_slot()
            return True
        return False

    def run_next(self, run: ChunkRun) -> None:
        """Runs the next segment, or concludes the run. Does nothing while a segment runs."""
        segment = self._next(run)
        if segment is not None:
            self._pool.run(segment)

    def _next(self, run: ChunkRun) -> Segment | None:
        """Returns the next segment. Without one, concludes the run unless a segment runs."""
        with run.lock:
            if run.segment is not None or run.concluded:
                return None
            if run.pending and not run.stopping and not self._context.draining.is_set():
                run.segment = run.pending.pop(0)
                return run.segment
        self._conclude(run)
        return None

    def stop(self, run: ChunkRun) -> None:
        """Stops a run after its current task, and releases the remaining tasks."""
        with run.lock:
            run.stopping = True
            segment = run.segment
        if segment is not None:
            self._pool.stop(segment)
        elif run.release_at != _NEVER:
            self.release(run)

    def poll(self, run: ChunkRun, *, report: bool) -> None:
        """Collects outcomes of a running segment and, with `report`, reports them."""
        segment = run.segment
        if segment is not None:
            then = (lambda: self._report_partial(run)) if report else None
            self._pool.poll(segment, then)

    def _report_partial(self, run: ChunkRun) -> None:
        if run.has_outcomes:
            self._outbox.partial(run)

    def kill(self, run: ChunkRun) -> None:
        """Releases a run now. Its current task has no outcome."""
        with run.lock:
            run.stopping = True
            segment = run.segment
        if segment is not None:
            self._pool.kill(segment)

    def release(self, run: ChunkRun) -> None:
        """Ends a lease whose tasks this worker cannot run. The API sends the chunk again."""
        run.release_at = _NEVER
        self._outbox.final(run)

    def abandon(self, run: ChunkRun) -> None:
        """Drops a run whose lease was lost, without deleting its message."""
        _LOG.warning("lease lost", extra=run.log_fields)
        self._drop(run, delete=False)

    def cancel(self, run: ChunkRun) -> None:
        """Drops a run whose job was cancelled, and deletes its message."""
        _LOG.info("chunk cancelled", extra=run.log_fields)
        self._drop(run, delete=True)

    def _drop(self, run: ChunkRun, *, delete: bool) -> None:
        with run.lock:
            if run.dropped:
                return
            run.dropped = run.stopping = True
            run.delete_when_dropped = delete
            segment = run.segment
        if segment is not None:
            (self._pool.cancel if delete else self._pool.kill)(
                segment
            )  # `_segment_ended` concludes
        else:
            self._conclude(run)

    def _segment_ended(self, run: ChunkRun) -> None:
        with run.lock:
            run.segment = None
            has_pending = bool(run.pending) and not run.stopping
        if has_pending:
            self._outbox.partial(run)  # `run_next` follows once the report is accepted
        else:
            self._conclude(run)

    def _conclude(self, run: ChunkRun) -> None:
        with run.lock:
            run.concluded = True
            held, run.holds_slot = run.holds_slot, False
        if held:
            self._context.in_flight.free_slot()
        if not run.dropped:
            self._outbox.final(run)
            return
        if run.delete_when_dropped:
            self._outbox.settle(run.delivery)
        if run.span is not None:
            run.span.end("cancelled" if run.delete_when_dropped else "lost")
        self._context.in_flight.remove(run)

    def _hold_unknown_type(self, run: ChunkRun, lease: Lease) -> None:
        _LOG.warning(
            "unknown task type %r; releasing the chunk soon",
            lease.task_type,
            extra=run.log_fields,
        )
        run.release_at = self._context.clock.monotonic() + UNKNOWN_TYPE_SECONDS
        if self._context.draining.is_set():
            self.release(run)

    def _fail_all(self, run: ChunkRun, lease: Lease, rejected: RemoteRejected) -> None:
        _LOG.error("cannot read the inputs; failing the tasks: %s", rejected, extra=run.log_fields)
        now = TimestampFormatter().text(self._context.clock.now())
        run.outcomes(
            [
                failed(
                    *(task["index"], task["attempt"], now, 0.0),
                    kind="InputsUnreadable",
                    message=str(rejected),
                    tail=b"",
                    retryable=True,
                )
                for task in lease.tasks
            ]
        )
        self._conclude(run)


def _segments(
    run: ChunkRun, lease: Lease, inputs: Sequence[Mapping[str, Any]], offered: OfferedType
) -> list[Segment]:
    """Returns one segment with all tasks, or for an isolated chunk one fresh child per task."""
    tasks = [
        (task["index"], task["attempt"], task_input)
        for task, task_input in zip(lease.tasks, inputs, strict=True)
    ]
    whole = Assignment(
        task_type=lease.task_type or "",
        job_id=lease.job_id,
        chunk=lease.chunk,
        epoch=lease.epoch or 0,
        timeout=lease.timeout or offered.offer["timeout"] or MAX_TIMEOUT,
        one_by_one=lease.isolated or not offered.concurrent,
        tasks=tasks,
    )
    parts = [[task] for task in tasks] if lease.isolated else [tasks]
    return [
        Segment(
            run, whole._replace(tasks=part), fresh=lease.isolated, cancellable=offered.cancellable
        )
        for part in parts
    ]
