"""Reasons why a job or a task is not running, derived from facts.

A reason is data (a code and typed facts) and one sentence about the same facts. Reasons are in the
order in which a user must deal with them: while the first applies, fixing a later one changes
nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from shoal.domain.canary import Canary
from shoal.domain.chunk import Chunk
from shoal.domain.counts import Counts, TaskStatus
from shoal.domain.job import Job, JobStatus, Lines
from shoal.domain.outcome import TaskError

DEADLINE_NEAR: Final = 3_600.0
"""A deadline is reported this many seconds before it."""


class ReasonCode(StrEnum):
    """The reasons, in the order in which a user must deal with them."""

    COMPLETED = "completed"
    CANCELLED = "cancelled"
    FAILED = "failed"
    INPUTS_REFUSED = "inputs_refused"
    ENDING = "ending"
    PAUSED = "paused"
    EXECUTION_FAILED = "execution_failed"
    NO_WORKER_FOR_TYPE = "no_worker_for_type"
    PLANNING = "planning"
    ENQUEUING = "enqueuing"
    WORKER_SILENT = "worker_silent"
    UNACKNOWLEDGED = "unacknowledged"
    ISOLATED = "isolated"
    CANARY = "canary"
    RETRY_AT = "retry_at"
    HELD = "held"
    WINDOW_FULL = "window_full"
    QUEUED = "queued"
    RUNNING = "running"
    DEADLINE_NEAR = "deadline_near"
    SETTLING = "settling"


type Fact = str | int | float | bool | None
"""Facts. Names that end in `_at` or `until` are in seconds since the epoch."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason why a job or task is or is not running."""

    code: ReasonCode
    sentence: str
    facts: Mapping[str, Fact]


@dataclass(frozen=True, slots=True)
class ExecutionFailure:
    """The end of the latest execution, if it did not close its live job."""

    status: str
    error: str | None
    stopped_at: float | None


@dataclass(frozen=True, slots=True)
class MissingWorkers:
    """The numbers of workers that offered the type and left or are silent, if none is alive."""

    left: int
    silent: int
    last_seen_at: float


@dataclass(frozen=True, slots=True)
class PausedBy:
    """The user who paused it, and the time."""

    who: str
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Facts about a job.

    `seen` are some of its unfinished chunks. `sent` is the number of chunks sent by its window
    (None without a window). `backlog` is the number of messages in the queues of its priority and
    of higher ones, including its own (None if not requested). `absence` and `pause` are None if
    unknown.
    """

    job: Job
    counts: Counts
    now: float
    type_known: bool = True
    execution_failure: ExecutionFailure | None = None
    seen: Sequence[Chunk] = ()
    sent: int | None = None
    backlog: int | None = None
    missing_workers: MissingWorkers | None = None
    paused_by: PausedBy | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFacts:
    """Facts about a task: its chunk (None before it exists), position, status, last error."""

    chunk: Chunk | None
    offset: int
    status: TaskStatus
    error: TaskError | None = None


def why_job(facts: Facts) -> list[Reason]:
    """Return all reasons that apply, in the order of the user's actions; never empty."""
    if facts.job.closed:
        return [_closed(facts.job)]
    blocks = [*_blocks(facts)]
    if any(block.code in _NOTHING_MOVES for block in blocks):
        return blocks
    return [*blocks, *_waits(facts), *_moves(facts)] or [_settling("job")]


def why_task(facts: Facts, task: TaskFacts) -> list[Reason]:
    """Return the reasons of one task, as `why_job` does."""
    if task.status in _ENDED or facts.job.closed:
        return [_ended(facts.job, task)]
    blocks, chunk = [*_blocks(facts)], task.chunk
    if chunk is None or chunk.generation != facts.job.generation:
        return blocks or [_enqueuing()]
    own = [*_own(facts, chunk, task)]
    if task.status is TaskStatus.RUNNING and chunk.leased(facts.now):
        return [*own, *(block for block in blocks if block.code is ReasonCode.ENDING)]
    return [*blocks, *own] or [_settling("task")]


_ENDED: Final = frozenset((TaskStatus.COMPLETED, TaskStatus.FAILED, TaskStatus.CANCELLED))
_NOTHING_MOVES: Final = frozenset((ReasonCode.ENDING, ReasonCode.PLANNING))


def _closed(job: Job) -> Reason:
    at = job.finished_at or job.created_at
    facts: dict[str, Fact] = {"finished_at": at, "reason": job.reason}
    because = f": {job.reason}" if job.reason else ""
    if job.status is JobStatus.FAILED and not job.planned and isinstance(job.spec.source, Lines):
        text = f"The job ended FAILED at {_time(at)} before any task was created{because}."
        return Reason(ReasonCode.INPUTS_REFUSED, text, facts)
    code = ReasonCode(job.status.lower())
    return Reason(code, f"The job ended {job.status} at {_time(at)}{because}.", facts)


def _ended(job: Job, task: TaskFacts) -> Reason:
    attempts = task.chunk.attempts[task.offset] if task.chunk is not None else 0
    if task.status is TaskStatus.FAILED and task.error is not None:
        error = task.error
        facts: dict[str, Fact] = {"attempts": attempts, "error": error.type}
        text = f"The task failed after {_many(attempts, 'attempt')}: {_said(error)}."
        return Reason(ReasonCode.FAILED, text, facts | {"message": error.message})
    if task.status is TaskStatus.COMPLETED:
        text = f"The task completed in attempt {attempts}."
        return Reason(ReasonCode.COMPLETED, text, {"attempts": attempts})
    if task.status is TaskStatus.FAILED:
        text = f"The task failed after {_many(attempts, 'attempt')}."
        return Reason(ReasonCode.FAILED, text, {"attempts": attempts})
    because = f": {job.reason}" if job.reason else ""
    text = f"The task had not ended when its job became {job.status}{because}."
    return Reason(ReasonCode.CANCELLED, text, {"job_status": job.status, "reason": job.reason})


def _blocks(facts: Facts) -> Iterator[Reason]:
    """Yield the reasons that block all tasks of the job."""
    job, running = facts.job, facts.counts.running
    if job.ending is not None:
        because = f" because {job.reason}" if job.reason else ""
        text = f"The job is ending as {job.ending}{because}; tasks still running: {running:,}."
        facts_: dict[str, Fact] = {"ending": job.ending, "reason": job.reason, "running": running}
        yield Reason(ReasonCode.ENDING, text, facts_)
        return
    if job.paused:
        yield _paused(facts.paused_by, running)
    if facts.execution_failure is not None:
        yield _dead(facts.execution_failure)
    if not facts.type_known:
        name = job.spec.task_type
        text = f"No worker has registered the task type {name}; start a worker that offers it."
        yield Reason(ReasonCode.NO_WORKER_FOR_TYPE, text, {"task_type": name})
    elif facts.missing_workers is not None:
        yield _absent(job.spec.task_type, facts.missing_workers)
    if not job.planned:
        text = "The job is being planned; its tasks do not exist yet."
        yield Reason(ReasonCode.PLANNING, text, {"created_at": job.created_at})


def _paused(pause: PausedBy | None, running: int) -> Reason:
    by = "" if pause is None else f" by {pause.who} since {_time(pause.at)}"
    rest = (
        f"and finishes the tasks in flight ({_many(running, 'task')})" if running else "and drained"
    )
    text = f"The job is paused{by} {rest}; resume it to continue."
    facts: dict[str, Fact] = {"drained": not running, "running": running}
    if pause is not None:
        facts |= {"paused_by": pause.who, "paused_at": pause.at}
    return Reason(ReasonCode.PAUSED, text, facts)


def _absent(name: str, absence: MissingWorkers) -> Reason:
    since = _time(absence.last_seen_at)
    if absence.silent:
        text = f"Workers are silent since {since}: of those that offered the task type {name}, "
        text += (
            f"{absence.silent} are silent and {absence.left} left; start a worker that offers it."
        )
    else:
        text = (
            f"All workers that offered the task type {name} have left ({absence.left}), the last "
        )
        text += f"at {since}; start a worker that offers it."
    facts: dict[str, Fact] = {"task_type": name, "left": absence.left, "silent": absence.silent}
    return Reason(
        ReasonCode.NO_WORKER_FOR_TYPE, text, facts | {"last_seen_at": absence.last_seen_at}
    )


def _dead(death: ExecutionFailure) -> Reason:
    when = f" at {_time(death.stopped_at)}" if death.stopped_at is not None else ""
    because = f" with {death.error}" if death.error else ""
    text = f"The job's execution ended {death.status}{when}{because}; another one will be started."
    facts: dict[str, Fact] = {"status": death.status, "error": death.error}
    return Reason(ReasonCode.EXECUTION_FAILED, text, facts | {"stopped_at": death.stopped_at})


def _waits(facts: Facts) -> Iterator[Reason]:
    """Yield the reasons that delay some of its tasks."""
    job, counts, now = facts.job, facts.counts, facts.now
    if job.enqueued_at is None and not counts.running:
        yield _enqueuing()
    if job.canary is not None and job.canary.generation == job.generation:
        yield _canary(job.canary)
    for chunk in [chunk for chunk in facts.seen if _abandoned(chunk, now)][:1]:
        yield _silent(chunk)
    for chunk in [chunk for chunk in facts.seen if chunk.held(now)][:1]:
        yield _unacknowledged(chunk)
    for chunk in [chunk for chunk in facts.seen if chunk.isolated][:1]:
        yield _isolated(chunk)
    due = [chunk.not_before for chunk in facts.seen if _retrying(chunk, now)]
    if due:
        text = f"Failed tasks that wait for another attempt: {counts.retrying:,}; the next is due "
        text += f"at {_time(min(due))}."
        yield Reason(ReasonCode.RETRY_AT, text, {"retrying": counts.retrying, "retry_at": min(due)})
    if facts.sent is not None and facts.sent < job.chunks:
        yield _window(facts, facts.sent)
    if counts.pending and not job.paused and facts.backlog is not None:
        yield _queued(facts, facts.backlog)


def _moves(facts: Facts) -> Iterator[Reason]:
    """Yield the reasons about running tasks and the deadline."""
    job, counts = facts.job, facts.counts
    workers = {c.lease.worker for c in facts.seen if c.lease is not None and c.leased(facts.now)}
    if workers:
        text = f"Running {_many(counts.running, 'task')} on {_many(len(workers), 'worker')}."
        yield Reason(ReasonCode.RUNNING, text, {"running": counts.running, "workers": len(workers)})
    deadline = None if job.paused else job.deadline
    if deadline is not None and deadline - facts.now < DEADLINE_NEAR:
        text = f"The job's deadline is {_time(deadline)}; unfinished tasks will not run after it."
        yield Reason(ReasonCode.DEADLINE_NEAR, text, {"deadline_at": deadline})


def _own(facts: Facts, chunk: Chunk, task: TaskFacts) -> Iterator[Reason]:
    """Yield the reasons of one task that has not ended."""
    now, index = facts.now, chunk.first + task.offset
    if _abandoned(chunk, now):
        yield _silent(chunk)
    if chunk.held(now):
        yield _unacknowledged(chunk)
    if chunk.isolated:
        yield _isolated(chunk)
    if task.status is TaskStatus.RETRYING and chunk.not_before > now:
        yield _retry(facts.job, chunk, task)
    lease = chunk.lease
    if lease is not None and chunk.leased(now):
        hand = chunk.current_task.task if chunk.current_task is not None else None
        said: dict[str, Fact] = {"worker": lease.worker, "until": lease.until}
        if task.status is TaskStatus.RUNNING and (chunk.size == 1 or hand == index):
            yield Reason(ReasonCode.RUNNING, f"The task runs on worker {lease.worker}.", said)
        else:
            at = "" if hand is None else f", which is running task {hand}"
            text = f"Its chunk is leased by worker {lease.worker} until {_time(lease.until)}{at}; "
            text += "tasks of a chunk run one after the other."
            yield Reason(ReasonCode.HELD, text, said | {"in_hand": hand})
    elif facts.sent is not None and chunk.number >= facts.sent:
        yield _window(facts, facts.sent)
    elif chunk.due_at(now) <= now and facts.backlog is not None and not facts.job.paused:
        yield _queued(facts, facts.backlog)


def _canary(canary: Canary) -> Reason:
    text = f"A canary of {_many(canary.tried, 'task')} runs first; the other failed tasks are "
    text += f"retried once at least {canary.bar:.4g} of it has succeeded."
    return Reason(ReasonCode.CANARY, text, {"tried": canary.tried, "bar": canary.bar})


def _enqueuing() -> Reason:
    return Reason(ReasonCode.ENQUEUING, "The tasks are being created and sent to the queue.", {})


def _settling(noun: str) -> Reason:
    return Reason(ReasonCode.SETTLING, f"The {noun} is between two steps; nothing blocks it.", {})


def _silent(chunk: Chunk) -> Reason:
    worker, _, until = chunk.lease or ("unknown", "", 0.0)
    text = f"Worker {worker} has not answered: its lease of chunk {chunk.number} ended at "
    text += f"{_time(until)}; the next free worker takes it over."
    facts: dict[str, Fact] = {"worker": worker, "chunk": chunk.number, "lease_ended_at": until}
    return Reason(ReasonCode.WORKER_SILENT, text, facts)


def _unacknowledged(chunk: Chunk) -> Reason:
    lapses, until = chunk.lapses + 1, chunk.held_until
    text = (
        f"Chunk {chunk.number} was leased {lapses} times in a row, and no worker acknowledged it: "
    )
    text += "the answers did not arrive, or the workers died before they started a task. It is "
    text += f"leased again at {_time(until)} or later."
    facts: dict[str, Fact] = {"chunk": chunk.number, "lapses": lapses, "held_until": until}
    return Reason(ReasonCode.UNACKNOWLEDGED, text, facts)


def _isolated(chunk: Chunk) -> Reason:
    text = f"The last lease of chunk {chunk.number} lapsed, so its tasks "
    if chunk.crashes and chunk.crashed is not None:
        text = f"Workers died while they ran task {chunk.crashed}, "
        text += f"{_many(chunk.crashes, 'time')} in a row, so the tasks of chunk {chunk.number} "
    text += "run one by one, each in a separate process."
    facts: dict[str, Fact] = {"chunk": chunk.number, "crashes": chunk.crashes}
    return Reason(ReasonCode.ISOLATED, text, facts | {"task": chunk.crashed})


def _retry(job: Job, chunk: Chunk, task: TaskFacts) -> Reason:
    done, most = chunk.attempts[task.offset], job.spec.policy.max_attempts
    because = f" because attempt {done} failed: {_said(task.error)}" if task.error else ""
    text = f"Attempt {done + 1} of {most} begins at {_time(chunk.not_before)} or later{because}."
    facts: dict[str, Fact] = {"retry_at": chunk.not_before, "attempts": done, "max_attempts": most}
    error = None if task.error is None else task.error.type
    return Reason(ReasonCode.RETRY_AT, text, facts | {"error": error})


def _window(facts: Facts, sent: int) -> Reason:
    most, waiting = facts.job.spec.max_parallelism or 0, facts.job.chunks - sent
    text = f"The job's max_parallelism is reached: {most} of {most} chunks are out, and each "
    text += f"that ends sends one of the {waiting:,} waiting chunks."
    if facts.job.window is not None:
        text = f"The job's max_parallelism, now {most}, is reached: a chunk is sent when fewer "
        text += f"than {most} are out; {waiting:,} wait."
    return Reason(
        ReasonCode.WINDOW_FULL, text, {"max_parallelism": most, "waiting_chunks": waiting}
    )


def _queued(facts: Facts, backlog: int) -> Reason:
    job = facts.job
    own = min(job.chunks, -(-facts.counts.pending // (job.chunk_size or 1)))
    ahead = max(0, backlog - own)
    alike = "with the same or a higher priority"
    behind = f", behind about {_many(ahead, 'chunk')} of other jobs {alike}"
    if not ahead:
        behind = f"; no chunk of another job {alike} is ahead of them"
    text = f"Its tasks wait for a free worker{behind} (an estimate from the queue's depth)."
    facts_: dict[str, Fact] = {"priority": job.spec.priority, "chunks_ahead": ahead}
    tasks = ahead * (job.chunk_size or 1)
    return Reason(ReasonCode.QUEUED, text, facts_ | {"tasks_ahead": tasks, "estimated": True})


def _abandoned(chunk: Chunk, now: float) -> bool:
    lapsed = chunk.lease is not None and bool(chunk.running) and not chunk.leased(now)
    return lapsed and not chunk.held(now)


def _retrying(chunk: Chunk, now: float) -> bool:
    return chunk.not_before > now and TaskStatus.RETRYING.letter in chunk.statuses


def _said(error: TaskError) -> str:
    lines = error.message.splitlines()
    return f"{error.type}: {lines[0]}" if lines else error.type


def _many(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
