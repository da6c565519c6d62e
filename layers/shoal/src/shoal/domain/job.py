"""A job: what was asked, where it stands, and every move it can make.

Statuses: PENDING → ENQUEUED → RUNNING → COMPLETED · FAILED · CANCELLED. Paused and ending are flags
beside them. A move is a function of the job as it was read; the store writes it over that version.
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
"""The longest job, pauses included; rows expire this long after creation, plus the retention."""


class JobStatus(StrEnum):
    """Where a job stands."""

    PENDING = "PENDING"
    ENQUEUED = "ENQUEUED"
    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


class Priority(StrEnum):
    """Which queue its messages go to."""

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


@dataclass(frozen=True, slots=True)
class Lines:
    """Inputs as JSON Lines in the inputs bucket; `count` is known once they were read."""

    key: str
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Repeat:
    """So many tasks that differ by their index alone."""

    count: int


type Source = Repeat | Grid | Lines


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """What the user asked for. Durations in seconds; `timeout` is that of one attempt of a task.

    Without `timeout` or `retry` the task type's hold.
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
        """When a failed task of it is tried again."""
        return self.retry or RetryPolicy()


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One row; times in seconds since the epoch.

    `outcomes` has how each ended generation ended; `counts` and `moves` have how its tasks and the
    versions of its tallies stood when it was closed; `executions` is the number of the latest
    execution known to have begun; `trace` is the traceparent that it came with, if any;
    `retention` is its tenant's at submit, in seconds; `paused_for` are the seconds of its pauses
    that are over; `selection` says which failed tasks this generation runs again, if not all.
    `discards` hold for all its generations; `canary` is that of its latest retry.

    `window` is how many chunks it opened this generation with, if that was changed since. A deleted
    job is nobody's any more; its row stays so that no other job takes its id.
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
    version: int = 1

    @property
    def live(self) -> bool:
        """Whether it is not closed."""
        return self.status in LIVE

    def belongs_to(self, tenant: str) -> bool:
        """Whether the tenant may see it: what was deleted is there for nobody."""
        return self.tenant == tenant and self.deleted_at is None

    @property
    def stopping(self) -> bool:
        """Whether no task of it may begin or end any more."""
        return self.ending is not None or not self.live

    @property
    def deadline(self) -> float | None:
        """When it ends at the latest: a pause stops this clock, and moves it once it is over."""
        return None if self.spec.deadline is None else self.spec.deadline + self.paused_for

    def overdue(self, now: float) -> bool:
        """Whether its deadline has passed."""
        return not self.paused and self.deadline is not None and now >= self.deadline

    @property
    def opening(self) -> int | None:
        """How many chunks its generation opens with, for good; None if with all of them."""
        return self.spec.max_parallelism if self.window is None else self.window

    @property
    def planned(self) -> bool:
        """Whether it is known into which chunks it is cut."""
        return self.chunk_size is not None

    @property
    def chunks(self) -> int:
        """How many chunks it has; 0 before it is planned."""
        if self.task_count is None or self.chunk_size is None:
            return 0
        return sizing.chunk_count(self.task_count, self.chunk_size)

    @property
    def tallies(self) -> int:
        """How many tallies it has."""
        return sizing.tally_count(self.chunks)

    def place(self, index: int) -> tuple[int, int]:
        """Chunk and position in it of a task; IndexError if it has no such task."""
        if self.chunk_size is None or not 0 <= index < (self.task_count or 0):
            raise IndexError(index)
        return divmod(index, self.chunk_size)

    def size_of(self, chunk: int) -> int:
        """How many tasks a chunk has: all but the last are full."""
        first = chunk * (self.chunk_size or 0)
        return min(self.chunk_size or 0, (self.task_count or 0) - first)

    # Moves. Each raises `version` by one.

    def _moved(self, to: JobStatus) -> JobStatus:
        if to not in MOVES[self.status]:
            raise IllegalMove(f"job {self.id} is {self.status} and cannot become {to}")
        return to

    def plan(self, task_count: int, chunk_size: int) -> Job:
        """Fix into which chunks it is cut; once and for all generations."""
        return replace(self, task_count=task_count, chunk_size=chunk_size, version=self.version + 1)

    def enqueue(self, now: float) -> Job:
        """All its messages are out."""
        status = self._moved(_S.ENQUEUED) if self.status is _S.PENDING else self.status
        return replace(self, status=status, enqueued_at=now, version=self.version + 1)

    def start(self, now: float) -> Job:
        """A first chunk was leased."""
        return replace(
            self,
            status=self._moved(_S.RUNNING),
            started_at=self.started_at or now,
            version=self.version + 1,
        )

    def stop(self, ending: JobStatus, reason: str) -> Job:
        """Flag that it is to end so; nothing of it begins or ends from here on."""
        if not self.live:
            raise IllegalMove(f"job {self.id} is already {self.status}")
        return replace(self, ending=ending, reason=reason, version=self.version + 1)

    def close(
        self, status: JobStatus, reason: str | None, counts: Counts, moves: int, now: float
    ) -> Job:
        """End this generation; under the flag it ends as the flag says."""
        status = self._moved(self.ending or status)
        canary = self.canary
        if canary is not None and canary.generation == self.generation:
            canary = canary.judged(counts.completed, now, stopped=self.ending is not None)
            if canary.verdict is CanaryVerdict.FAILED:
                reason = f"{canary.summary}; {reason or 'the rest was not retried'}"
        return replace(
            self,
            status=status,
            reason=self.reason if self.ending else reason,
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

    def pause(self, now: float) -> Job:
        """No chunk of it is leased until it is resumed, and its clocks stand still."""
        if self.stopping:
            raise IllegalMove(f"job {self.id} is {self.ending or self.status}")
        return replace(self, paused=True, paused_at=now, version=self.version + 1)

    def resume(self, now: float) -> Job:
        """Chunks may be leased again; those whose message was sent before now need another."""
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
        """Seconds of the pause that is on."""
        return 0.0 if self.paused_at is None else max(0.0, now - self.paused_at)

    def continued_after_canary(self, expires_at: int) -> Job | None:
        """Its generation with the rest, if its canary passed and there is a rest: closed and begun
        anew in one move, so that nobody sees it ended in between. None if it ends here.
        """
        canary = self.canary
        if canary is None or canary.generation != self.generation or not canary.more:
            return None
        if canary.verdict is not CanaryVerdict.PASSED or self.status is not _S.FAILED:
            return None
        tried = self.selection.runs if self.selection is not None else None
        rest = replace(canary.chosen, skip=tried or ())
        again = self.retry(
            expires_at=max(self.expires_at, expires_at), selection=rest, canary=canary
        )
        return replace(again, version=self.version)

    def retry(
        self, *, expires_at: int, selection: Selection | None = None, canary: Canary | None = None
    ) -> Job:
        """Begin the next generation of a FAILED job; with a selection, only of what it takes."""
        selection = self.chosen(selection)
        never_ran = self.counts is not None and self.counts.cancelled
        all_discarded = any(each.selection.whole for each in self.discards)
        if selection == Selection() and all_discarded and not never_ran:
            raise IllegalMove(f"every failed task of job {self.id} is discarded")
        return replace(
            self,
            status=self._moved(_S.PENDING),
            generation=self.generation + 1,
            ending=None,
            reason=None,
            token=None,
            enqueued_at=None,
            started_at=None,
            finished_at=None,
            counts=None,
            moves=0,
            executions=1,
            expires_at=expires_at,
            selection=selection,
            canary=canary,
            window=None,
            version=self.version + 1,
        )

    def change(self, changes: Mapping[str, Any]) -> Job:
        """Have another name, priority, max_parallelism or other tags from here on."""
        if self.stopping:
            raise IllegalMove(f"job {self.id} is {self.ending or self.status}")
        bounded = changes.get("max_parallelism") is not None
        if bounded and self.opening is None:
            raise IllegalMove(
                f"job {self.id} was submitted without max_parallelism, so that its chunks are all "
                "sent at once; there is nothing to hold back"
            )
        window = self.opening if "max_parallelism" in changes else self.window
        spec = replace(self.spec, **changes)
        return replace(self, spec=spec, window=window, version=self.version + 1)

    def chosen(self, selection: Selection | None) -> Selection | None:
        """What a retry of this selection runs: of all, those that are not discarded."""
        return Selection() if selection is None and self.discards else selection

    def discard(self, discard: Discard) -> Job:
        """Leave failed tasks for good, in the place of what was said of the same ones before."""
        if self.live:
            raise IllegalMove(f"job {self.id} is {self.status}; discard failures once it has ended")
        others = [each for each in self.discards if each.selection != discard.selection]
        named = sum(each.selection.size or 0 for each in (*others, discard))
        if len(others) == MOST_DISCARDS or named > MOST_INDICES:
            raise IllegalMove(
                f"a job keeps {MOST_DISCARDS} discards of {MOST_INDICES:,} indices in all; discard "
                "by cause, or all"
            )
        return replace(self, discards=(*others, discard), version=self.version + 1)

    def discarded(self, index: int, cause: str) -> Discard | None:
        """What was said of the failed task of this index and cause, if it was discarded."""
        found = (each for each in reversed(self.discards) if each.selection.takes(index, cause))
        return next(found, None)

    def delete(self, now: float) -> Job:
        """Show it to nobody any more; only what has ended can be deleted."""
        if self.live:
            raise IllegalMove(f"job {self.id} is {self.status}; cancel it, and delete it then")
        return replace(self, deleted_at=now, version=self.version + 1)

    def executed(self, number: int) -> Job:
        """Its `number`-th execution of this generation has begun."""
        return replace(self, executions=number, version=self.version + 1)

    def wait(self, token: str) -> Job:
        """Keep the token of the execution that waits for news."""
        return replace(self, token=token, version=self.version + 1)

    # Decisions.

    def may_wait(self, generation: int) -> bool:
        """Whether an execution of this generation may wait: not if there is news already."""
        return self.generation == generation and not self.stopping

    def too_many_failed(self, failed: int) -> bool:
        """Whether failures exceed what the user allows, so that the rest need not run.

        Never in a generation that runs only some again: it begins with the failures of the others.
        """
        most = self.spec.max_failed
        return most is not None and self.selection is None and failed > most

    def verdict(self, counts: Counts) -> tuple[JobStatus, str | None]:
        """How it ends once all its tasks have ended, and why."""
        if counts.failed > (self.spec.max_failed or 0):
            return _S.FAILED, f"{counts.failed} of {self.task_count} tasks failed"
        if counts.cancelled:  # a retry of some tasks leaves alone what an earlier generation did
            return _S.FAILED, f"{counts.cancelled} of {self.task_count} tasks never ran"
        return _S.COMPLETED, None
