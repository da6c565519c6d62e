"""A job: its specification, its state and its transitions.

Statuses: PENDING → ENQUEUED → RUNNING → COMPLETED · FAILED · CANCELLED, with the flags `paused` and
`ending`. A transition is a function of the job as read; the store writes the result over that
version.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final, Literal

from shoal.domain import sizing
from shoal.domain.canary import Canary, CanaryVerdict
from shoal.domain.counts import Counts
from shoal.domain.errors import IllegalMove
from shoal.domain.grid import Grid, Json
from shoal.domain.retry import RetryPolicy
from shoal.domain.selection import MOST_DISCARDS, MOST_INDICES, Discard, Selection

DAY: Final = 86_400
LONGEST_LIFE: Final = 60 * DAY
"""The longest life of a job, including pauses and retries. Everything that belongs to the job
expires this long after its submit, plus the retention; nothing renews it."""
MOST_REASON: Final = 2_000
"""Characters of the reason why a job ended; a longer one is cut."""
MOST_GENERATIONS: Final = 1_000
"""The row of a job has the outcome of each generation, so their number is bounded."""


class JobStatus(StrEnum):
    """The status of a job."""

    PENDING = "PENDING"
    ENQUEUED = "ENQUEUED"
    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


class Priority(StrEnum):
    """The priority of a job; it selects the queue of its messages."""

    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"


_S = JobStatus
MOVES: Final[Mapping[JobStatus, frozenset[JobStatus]]] = {
    _S.PENDING: frozenset((_S.ENQUEUED, _S.RUNNING, _S.COMPLETED, _S.FAILED, _S.CANCELLED)),
    _S.ENQUEUED: frozenset((_S.RUNNING, _S.COMPLETED, _S.FAILED, _S.CANCELLED)),
    _S.RUNNING: frozenset((_S.COMPLETED, _S.FAILED, _S.CANCELLED)),
    _S.COMPLETED: frozenset(),
    _S.FAILED: frozenset((_S.PENDING,)),
    _S.CANCELLED: frozenset(),
}
LIVE: Final = frozenset((_S.PENDING, _S.ENQUEUED, _S.RUNNING))
ENDED: Final = frozenset((_S.COMPLETED, _S.FAILED, _S.CANCELLED))


@dataclass(frozen=True, slots=True)
class Lines:
    """Inputs as JSON Lines in the inputs bucket; `count` is known once they have been read."""

    key: str
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Repeat:
    """A number of tasks that differ only in their index."""

    count: int


type Source = Repeat | Grid | Lines


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """The specification by the user. Durations are in seconds; `timeout` applies to one attempt.

    Without `timeout` or `retry`, those of the task type apply.
    """

    task_type: str
    source: Source
    name: str = ""
    params: Mapping[str, Json] = field(default_factory=dict)
    chunk_size: int | Literal["auto"] = "auto"
    priority: Priority = Priority.NORMAL
    max_parallelism: int | None = None
    timeout: float | None = None
    retry: RetryPolicy | None = None
    deadline: float | None = None
    max_failed: int | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def policy(self) -> RetryPolicy:
        """The retry policy of its tasks."""
        return self.retry or RetryPolicy()


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One row. Times are in seconds since the epoch.

    `outcomes` has the final status of each ended generation. `counts` and `moves` are the counts of
    its tasks and the total of the tally versions at the close. `executions` is the number of the
    latest execution known to have started; it last began to wait at `waited_at`. `trace` is the
    traceparent of the submit, if any. `retention` is that of its tenant at submit, in seconds.
    `paused_for` is the time in finished pauses. `selection` lists the failed tasks that this
    generation retries, if not all. `discards` apply to all generations. `canary` is that of the
    latest retry.

    `window` is the number of chunks that this generation sent at the start, if max_parallelism
    changed since. The row of a deleted job stays, so that no other job takes its id. `unknown` has
    what a later version of the code wrote into the row, its state and its spec.
    """

    id: str
    tenant: str
    spec: Spec
    fingerprint: str
    created_at: float
    status: JobStatus = JobStatus.PENDING
    paused: bool = False
    ending: JobStatus | None = None
    reason: str | None = None
    generation: int = 1
    task_count: int | None = None
    chunk_size: int | None = None
    enqueued_at: float | None = None
    started_at: float | None = None
    finished_at: float | None = None
    paused_at: float | None = None
    paused_for: float = 0.0
    resumed_at: float = 0.0
    executions: int = 1
    token: str | None = None
    waited_at: float = 0.0
    trace: str = ""
    counts: Counts | None = None
    moves: int = 0
    outcomes: Mapping[int, JobStatus] = field(default_factory=dict)
    expires_at: int = 0
    retention: int = 0
    selection: Selection | None = None
    discards: tuple[Discard, ...] = ()
    canary: Canary | None = None
    window: int | None = None
    deleted_at: float | None = None
    unknown: Mapping[str, Any] = field(default_factory=dict)
    version: int = 1

    @property
    def live(self) -> bool:
        """Whether the job is open. A job of an unknown status is neither live nor closed."""
        return self.status in LIVE

    @property
    def closed(self) -> bool:
        """Whether its generation has ended."""
        return self.status in ENDED

    @property
    def known(self) -> bool:
        """Whether this version of the code knows its status, its source and its priority.

        After a roll-back, a later version may have written others. Such a job is shown and kept.
        """
        statuses = (self.status, self.ending or self.status, *self.outcomes.values())
        known_statuses = all(each in MOVES for each in statuses)
        return (
            known_statuses
            and self.spec.priority in tuple(Priority)
            and "source" not in self.unknown.get("spec", {})
        )

    def belongs_to(self, tenant: str) -> bool:
        """Return whether the tenant can access it; a deleted job belongs to no tenant."""
        return self.tenant == tenant and self.deleted_at is None

    @property
    def stopping(self) -> bool:
        """Whether the job is ending or closed, so that no task may start or end."""
        return self.ending is not None or self.closed

    @property
    def deadline(self) -> float | None:
        """Its effective deadline: a pause stops the clock, and the resume moves the deadline."""
        return None if self.spec.deadline is None else self.spec.deadline + self.paused_for

    def overdue(self, now: float) -> bool:
        """Return whether its deadline has passed."""
        return not self.paused and self.deadline is not None and now >= self.deadline

    def too_old(self, now: float) -> bool:
        """Return whether the longest life of a job has passed since its submit."""
        return now >= self.created_at + LONGEST_LIFE

    def expired(self, now: float) -> bool:
        """Return whether its rows have expired; the table removes them one by one, days later."""
        return 0 < self.expires_at <= now

    def out_of_time(self, now: float) -> str | None:
        """Return why the open job must end now: its age, also while it is paused, or deadline."""
        if self.too_old(now):
            return "it did not end within 60 days of its submit, pauses included"
        return "its deadline passed" if self.overdue(now) else None

    @property
    def opening(self) -> int | None:
        """The number of chunks that its generation sent at the start; None for all of them."""
        return self.spec.max_parallelism if self.window is None else self.window

    @property
    def width(self) -> int:
        """The number of its chunks that may be out: all of them without max_parallelism."""
        return self.spec.max_parallelism or self.chunks

    @property
    def planned(self) -> bool:
        """Whether the job has been cut into chunks."""
        return self.chunk_size is not None

    @property
    def chunks(self) -> int:
        """The number of its chunks; 0 before it is planned."""
        if self.task_count is None or self.chunk_size is None:
            return 0
        return sizing.chunk_count(self.task_count, self.chunk_size)

    @property
    def tallies(self) -> int:
        """The number of its tallies."""
        return sizing.tally_count(self.chunks)

    def place(self, index: int) -> tuple[int, int]:
        """Return chunk and position of a task; raise IndexError if there is no such task."""
        if self.chunk_size is None or not 0 <= index < (self.task_count or 0):
            raise IndexError(index)
        return divmod(index, self.chunk_size)

    def size_of(self, chunk: int) -> int:
        """Return the number of tasks of a chunk: all chunks except the last are full."""
        first = chunk * (self.chunk_size or 0)
        return min(self.chunk_size or 0, (self.task_count or 0) - first)

    # Transitions. Each raises `version` by one.

    def _moved(self, to: JobStatus) -> JobStatus:
        if to not in MOVES.get(self.status, ()):
            raise IllegalMove(f"job {self.id} is {self.status} and cannot become {to}")
        return to

    def plan(self, task_count: int, chunk_size: int, source: Source | None = None) -> Job:
        """Store the number of tasks and the chunk size, once for all generations.

        `source` is where its own copy of the inputs is, if they were stored for another purpose.
        """
        return replace(
            self,
            spec=self.spec if source is None else replace(self.spec, source=source),
            task_count=task_count,
            chunk_size=chunk_size,
            version=self.version + 1,
        )

    def enqueue(self, now: float) -> Job:
        """Move it to ENQUEUED: all its messages were sent."""
        status = self._moved(_S.ENQUEUED) if self.status is _S.PENDING else self.status
        return replace(self, status=status, enqueued_at=now, version=self.version + 1)

    def start(self, now: float) -> Job:
        """Move it to RUNNING: the first chunk was leased."""
        return replace(
            self,
            status=self._moved(_S.RUNNING),
            started_at=self.started_at or now,
            version=self.version + 1,
        )

    def stop(self, ending: JobStatus, reason: str) -> Job:
        """Set the flag that ends it with this status; no task starts or ends from now on."""
        if not self.live:
            raise IllegalMove(f"job {self.id} is already {self.status}")
        return replace(self, ending=ending, reason=_cut(reason), version=self.version + 1)

    def close(
        self, status: JobStatus, reason: str | None, counts: Counts, moves: int, now: float
    ) -> Job:
        """Close this generation; the flag, if set, determines the status."""
        canary = self.canary
        if canary is not None and canary.generation == self.generation:
            canary = canary.judged(counts.completed, now, stopped=self.ending is not None)
            if canary.verdict is CanaryVerdict.FAILED:
                reason = f"{canary.summary}; {reason or 'the other failed tasks were not retried'}"
            if canary.more:  # the others must be retried, whatever max_failed tolerates
                status = _S.FAILED
        status = self._moved(self._ending_status(status))
        return replace(
            self,
            status=status,
            reason=self.reason if self.ending else reason and _cut(reason),
            canary=canary,
            paused=False,
            paused_at=None,
            paused_for=self.paused_for + self._pause(now),
            finished_at=now,
            counts=counts.after_close(),
            moves=moves,
            outcomes={**self.outcomes, self.generation: status},
            version=self.version + 1,
        )

    def _ending_status(self, status: JobStatus) -> JobStatus:
        """Return the status to close with: the flag overrides what the tasks say."""
        return self.ending or status

    def pause(self, now: float) -> Job:
        """Pause it: no chunk is leased, and the clock of its deadline stops."""
        if self.stopping:
            raise IllegalMove(f"job {self.id} is {self.ending or self.status}")
        return replace(self, paused=True, paused_at=now, version=self.version + 1)

    def resume(self, now: float) -> Job:
        """Resume it. Chunks whose message was sent before now need another message."""
        if self.stopping:
            raise IllegalMove(f"job {self.id} is {self.ending or self.status}")
        return replace(
            self,
            paused=False,
            paused_at=None,
            paused_for=self.paused_for + self._pause(now),
            resumed_at=now,
            version=self.version + 1,
        )

    def _pause(self, now: float) -> float:
        """Return the seconds of the current pause."""
        return 0.0 if self.paused_at is None else max(0.0, now - self.paused_at)

    def continued_after_canary(self, before: Job) -> Job | None:
        """Return the next generation with the other failed tasks, if its canary passed.

        Close and start are one transition, so that the job never shows as ended, and a pause
        continues. `before` is the job before its close. None if the canary failed or no task is
        left.
        """
        canary = self.canary
        if canary is None or canary.generation != self.generation or not canary.more:
            return None
        if not canary.passed:
            return None
        tried = self.selection.runs if self.selection is not None else None
        rest = replace(canary.chosen, skip=tried or ())
        return replace(
            self._next_generation(rest, canary),
            paused=before.paused,
            paused_at=before.paused_at,
            paused_for=before.paused_for,
            version=self.version,
        )

    def retry(
        self, now: float, *, selection: Selection | None = None, canary: Canary | None = None
    ) -> Job:
        """Begin the next generation of a FAILED job. With a selection, only those tasks run.

        Its rows are not renewed, so a retry must end within the longest life of the job.
        """
        self._moved(_S.PENDING)
        if self.too_old(now):
            raise IllegalMove(
                f"job {self.id} was submitted more than 60 days ago and cannot be retried; "
                "clone it to run its tasks again"
            )
        if self.overdue(now):
            raise IllegalMove(
                f"the deadline of job {self.id} has passed, so a retry could only fail; "
                "clone it to run its tasks again"
            )
        if self.generation >= MOST_GENERATIONS:
            raise IllegalMove(
                f"job {self.id} has been retried {self.generation - 1:,} times, the maximum; "
                "clone it to run its tasks again"
            )
        selection = self.chosen(selection)
        never_ran = self.counts is not None and self.counts.cancelled
        all_discarded = any(each.selection.whole for each in self.discards)
        if selection == Selection() and all_discarded and not never_ran:
            raise IllegalMove(f"every failed task of job {self.id} is discarded")
        return self._next_generation(selection, canary)

    def _next_generation(self, selection: Selection | None, canary: Canary | None) -> Job:
        return replace(
            self,
            status=self._moved(_S.PENDING),
            generation=self.generation + 1,
            ending=None,
            reason=None,
            token=None,
            waited_at=0.0,
            enqueued_at=None,
            started_at=None,
            finished_at=None,
            counts=None,
            moves=0,
            executions=1,
            selection=selection,
            canary=canary,
            window=None,
            version=self.version + 1,
        )

    def change(self, changes: Mapping[str, Any]) -> Job:
        """Change name, priority, max_parallelism or tags."""
        if self.stopping:
            raise IllegalMove(f"job {self.id} is {self.ending or self.status}")
        bounded = changes.get("max_parallelism") is not None
        if bounded and self.opening is None:
            raise IllegalMove(
                f"job {self.id} was submitted without max_parallelism, so all its chunks have "
                "been sent; max_parallelism cannot be set now"
            )
        window = self.opening if "max_parallelism" in changes else self.window
        spec = replace(self.spec, **changes)
        return replace(self, spec=spec, window=window, version=self.version + 1)

    def chosen(self, selection: Selection | None) -> Selection | None:
        """Return the selection. A retry of all tasks becomes one that skips discarded tasks."""
        return Selection() if selection is None and self.discards else selection

    def discard(self, discard: Discard) -> Job:
        """Exclude failed tasks from retries; replaces an earlier discard of the same tasks."""
        if self.live:
            raise IllegalMove(f"job {self.id} is {self.status}; discard failures once it has ended")
        others = [each for each in self.discards if each.selection != discard.selection]
        named = sum(each.selection.size or 0 for each in (*others, discard))
        if len(others) == MOST_DISCARDS or named > MOST_INDICES:
            raise IllegalMove(
                f"a job keeps at most {MOST_DISCARDS} discards with {MOST_INDICES:,} indices; "
                "discard by cause, or all"
            )
        return replace(self, discards=(*others, discard), version=self.version + 1)

    def discarded(self, index: int, cause: str) -> Discard | None:
        """Return the discard of the failed task with this index and cause, if there is one."""
        found = (each for each in reversed(self.discards) if each.selection.takes(index, cause))
        return next(found, None)

    def delete(self, now: float) -> Job:
        """Delete it; raise IllegalMove unless it has ended."""
        if self.live:
            raise IllegalMove(f"job {self.id} is {self.status}; cancel it before you delete it")
        return replace(self, deleted_at=now, version=self.version + 1)

    def executed(self, number: int) -> Job:
        """Record the start of its `number`-th execution of this generation."""
        return replace(self, executions=number, version=self.version + 1)

    def wait(self, token: str, now: float) -> Job:
        """Store the token of the waiting execution, and when it began to wait."""
        return replace(self, token=token, waited_at=now, version=self.version + 1)

    # Decisions.

    def may_wait(self, generation: int) -> bool:
        """Return whether an execution of this generation may wait: not if the job is ending."""
        return self.generation == generation and not self.stopping

    def may_close(self, generation: int) -> bool:
        """Return whether this generation is the current one and is not closed."""
        return self.generation == generation and self.live

    def too_many_failed(self, failed: int) -> bool:
        """Return whether failures exceed max_failed, so that the job can end early.

        Always False in a retry of some tasks, because it starts with the failures of the others.
        """
        most = self.spec.max_failed
        return most is not None and self.selection is None and failed > most

    def verdict(self, counts: Counts) -> tuple[JobStatus, str | None]:
        """Return its final status and the reason, once all its tasks have ended."""
        if counts.failed > (self.spec.max_failed or 0):
            return _S.FAILED, f"{counts.failed} of {self.task_count} tasks failed"
        if counts.cancelled:  # a retry of some tasks keeps the outcomes of earlier generations
            return _S.FAILED, f"{counts.cancelled} of {self.task_count} tasks never ran"
        return _S.COMPLETED, None


def _cut(reason: str) -> str:
    return reason if len(reason) <= MOST_REASON else f"{reason[: MOST_REASON - 1]}…"
