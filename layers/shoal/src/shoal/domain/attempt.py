"""The attempts of a task, computed from its chunk's row and the parts that the row lists."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from shoal.domain.chunk import CRASHES_TO_FAIL, Chunk
from shoal.domain.counts import TaskStatus
from shoal.domain.job import Job
from shoal.domain.outcome import PartKey, TaskError, WholePart

_VERDICT = 0
"""The report number of the part that a grant writes when it fails a task."""


class AttemptOutcome(StrEnum):
    """The outcome of an attempt; `unknown` if its part has expired."""

    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    WORKER_DIED = "worker_died"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempt. Times are in seconds since the epoch, None if unknown.

    `number` starts at 1 in each generation. `epoch` and `worker` belong to the lease under which it
    ended, or runs until `lease_until`. `report` is the number of the report with its outcome.
    `crashes` is the number of workers in a row that died with its chunk, if known.
    """

    outcome: AttemptOutcome
    generation: int | None = None
    number: int | None = None
    epoch: int | None = None
    report: int | None = None
    worker: str | None = None
    started_at: float | None = None
    duration: float | None = None
    finished_at: float | None = None
    progress: float | None = None
    lease_until: float | None = None
    crashes: int | None = None
    error: TaskError | None = None


def reported(key: PartKey, part: WholePart | None, index: int) -> Attempt:
    """Return a reported attempt of a task, read from its part."""
    found = () if part is None else part.outcomes
    outcome = next((each for each in found if each.index == index), None)
    origin = None if part is None else part.origin
    verdict = key.report == _VERDICT
    attempt = Attempt(
        outcome=AttemptOutcome.UNKNOWN,
        generation=origin and origin.generation,
        epoch=key.epoch - verdict,
        report=None if verdict else key.report,
        worker=origin and origin.worker,
    )
    if outcome is None:
        return attempt
    finished_at = outcome.started_at + outcome.duration
    if verdict:
        return replace(
            attempt,
            outcome=AttemptOutcome.WORKER_DIED,
            number=outcome.attempt,
            finished_at=finished_at,
            crashes=CRASHES_TO_FAIL,
            error=outcome.error,
        )
    failed = outcome.error is not None
    return replace(
        attempt,
        outcome=AttemptOutcome.FAILED if failed else AttemptOutcome.COMPLETED,
        number=outcome.attempt,
        started_at=outcome.started_at,
        duration=outcome.duration,
        finished_at=finished_at,
        error=outcome.error,
    )


def unreported(job: Job, chunk: Chunk, offset: int, last: Attempt | None) -> Attempt | None:
    """Return the running attempt, or the one that the end of the job cut short, if there is one.

    `last` is the latest reported attempt. Earlier leases that lapsed or were handed back leave no
    record.
    """
    if chunk.generation != job.generation:
        return None
    number, lease = chunk.attempts[offset], chunk.lease
    cut = Attempt(outcome=AttemptOutcome.CANCELLED, number=number)
    match chunk.status_of(offset):
        case TaskStatus.CANCELLED if number and not _reported(job, chunk, number, last):
            return cut
        case TaskStatus.RUNNING:
            held = replace(
                cut,
                generation=chunk.generation,
                epoch=chunk.epoch,
                worker=lease and lease.worker,
            )
            if not job.live:
                return held
            return replace(
                held,
                outcome=AttemptOutcome.RUNNING,
                progress=chunk.progress_of(offset),
                lease_until=lease and lease.until,
                crashes=chunk.crashes,
            )
        case _:
            return None


def _reported(job: Job, chunk: Chunk, number: int, last: Attempt | None) -> bool:
    """Return whether the attempt with this number ended before its task was CANCELLED.

    A retry of some tasks cancels other tasks, which keep the attempts of an earlier generation.
    """
    if last is None or last.number != number:
        return False
    return job.selection is not None or last.generation in (None, chunk.generation)
