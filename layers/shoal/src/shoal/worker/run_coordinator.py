"""Starts, continues, stops, kills and drops runs.

All threads call it. A run makes one move at a time, and the effects here follow from the move.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from shoal.wire.worker import MAX_TIMEOUT, Lease, RemoteRejected
from shoal.worker.assignment import Assignment
from shoal.worker.chunk_run import ChunkRun, RunMove, RunState, Transition
from shoal.worker.fork_client import ForkClient, OfferedType
from shoal.worker.outbox import Outbox
from shoal.worker.outcome import TimestampFormatter, failed
from shoal.worker.pool import Pool
from shoal.worker.segment import Segment
from shoal.worker.worker_context import WorkerContext

_LOG = logging.getLogger("shoal.worker")

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

    @property
    def task_types(self) -> Iterable[str]:
        """The task types that this worker offers."""
        return self._fork_client.types

    def start(self, *leased: tuple[ChunkRun, Inputs]) -> None:
        """Starts leased runs with their inputs."""
        runs = [run for run, inputs in leased if self._can_run(run, inputs)]
        self._pool.run(*(segment for run in runs if (segment := self._next(run))))

    def _can_run(self, run: ChunkRun, inputs: Inputs) -> bool:
        """Prepares the segments. Concludes the run if it cannot start."""
        lease = run.lease
        assert lease is not None  # noqa: S101 - only leased runs are started
        offered = self._fork_client.types.get(lease.task_type or "")
        if offered is None:  # an API of protocol version 1 does not know the types of the worker
            _LOG.error("unknown task type %r", lease.task_type, extra=run.log_fields)
        elif isinstance(inputs, RemoteRejected):
            self._fail_all(run, lease, inputs)
        else:
            run.prepare(_segments(_RunOwner(run, self), lease, inputs, offered))
            return True
        self._make(run, RunMove.CONCLUDE)
        return False

    def run_next(self, run: ChunkRun) -> None:
        """Runs the next segment, or concludes the run. Does nothing while a segment runs."""
        segment = self._next(run)
        if segment is not None:
            self._pool.run(segment)

    def run_named(self, run: ChunkRun) -> None:
        """Runs the segment whose task the API has acknowledged."""
        if self._context.draining.is_set():
            self._make(run, RunMove.CONCLUDE)
            return
        segment = self._start_next(run)
        if segment is not None:
            self._pool.run(segment)

    def _next(self, run: ChunkRun) -> Segment | None:
        """Returns the next segment, unless its task must be named first. Without one, concludes."""
        if run.next_segment is None or self._context.draining.is_set():
            self._make(run, RunMove.CONCLUDE)
            return None
        if run.lease is not None and run.lease.isolated:
            if self._make(run, RunMove.NAME) is not None:
                self._context.beat_wanted.set()
            return None
        return self._start_next(run)

    def _start_next(self, run: ChunkRun) -> Segment | None:
        started = run.start_next()
        if started is None:
            return None
        transition, segment = started
        self._follow(run, transition)
        return segment

    def stop(self, run: ChunkRun) -> None:
        """Stops a run after its current task, and releases the remaining tasks."""
        if self._make(run, RunMove.STOP) is RunState.STOPPING and run.segment is not None:
            self._pool.stop(run.segment)

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
        self._make(run, RunMove.STOP)
        segment = run.segment
        if segment is not None:
            self._pool.kill(segment)

    def abandon(self, run: ChunkRun) -> None:
        """Drops a run whose lease was lost, without deleting its message."""
        _LOG.warning("lease lost", extra=run.log_fields)
        self._drop(run, cancelled=False)

    def cancel(self, run: ChunkRun) -> None:
        """Drops a run whose job was cancelled, and deletes its message."""
        _LOG.info("chunk cancelled", extra=run.log_fields)
        self._drop(run, cancelled=True)

    def _drop(self, run: ChunkRun, *, cancelled: bool) -> None:
        transition = run.drop(cancelled=cancelled)
        if transition is None:
            return
        segment = run.segment
        if transition.after is RunState.DROPPING and segment is not None:
            (self._pool.cancel if cancelled else self._pool.kill)(segment)
        self._follow(run, transition)

    def segment_ended(self, run: ChunkRun) -> None:
        """Reports the outcomes of the segment; the next one follows once they are accepted."""
        transition = run.end_segment()
        if transition is None:
            return
        if transition.after is RunState.REPORTING:
            self._outbox.partial(run)
        self._follow(run, transition)

    def _make(self, run: ChunkRun, move: RunMove) -> RunState | None:
        """Makes a move with its effects. Returns the new state, or None without a move."""
        transition = run.move(move)
        if transition is None:
            return None
        self._follow(run, transition)
        return transition.after

    def _follow(self, run: ChunkRun, transition: Transition) -> None:
        """The effects that a new state always has."""
        before, after = transition
        in_flight = self._context.in_flight
        if after.holds_slot and not before.holds_slot:
            in_flight.take_slot()
        elif before.holds_slot and not after.holds_slot:
            in_flight.free_slot()
        if after is RunState.CONCLUDED:
            self._outbox.final(run)
        elif after is RunState.ENDED:
            if run.cancelled:
                self._outbox.settle(run.delivery)
            if run.span is not None:
                run.span.end("cancelled" if run.cancelled else "lost")
            in_flight.remove(run)

    def _fail_all(self, run: ChunkRun, lease: Lease, rejected: RemoteRejected) -> None:
        _LOG.error("cannot read the inputs; failing the tasks: %s", rejected, extra=run.log_fields)
        now = TimestampFormatter().text(self._context.clock.now())
        run.add_outcomes(
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


class _RunOwner:
    """The owner of the segments of a run. The thread of the pool calls it."""

    def __init__(self, run: ChunkRun, coordinator: RunCoordinator) -> None:
        self._run = run
        self._coordinator = coordinator

    def outcomes(self, outcomes: list[bytes]) -> None:
        """Adds the outcomes to the run."""
        self._run.add_outcomes(outcomes)

    def ended(self) -> None:
        """Continues the run."""
        self._coordinator.segment_ended(self._run)


def _segments(
    owner: _RunOwner, lease: Lease, inputs: Sequence[Mapping[str, Any]], offered: OfferedType
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
            owner,
            whole._replace(tasks=part),
            tenant=lease.tenant or lease.job_id,  # an older API sends no label
            fresh=lease.isolated,
            cancellable=offered.cancellable,
            token=lease.token,
        )
        for part in parts
    ]
