"""A chunk: consecutive tasks that share one lease, and all transitions of a chunk.

A transition takes the chunk as read and returns the chunk to write over that version. `epoch` is
the fencing token: every grant raises it, and a report under an older epoch changes nothing. `epoch`
and `version` never decrease, across generations too.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any, Final, NamedTuple

from shoal.domain.counts import Counts, TaskStatus
from shoal.domain.errors import IllegalMove
from shoal.domain.lease_token import has_hash, hash_of, lease_token
from shoal.domain.outcome import Outcome, PartKey
from shoal.domain.retry import RetryPolicy

CRASHES_TO_FAIL: Final = 3
MOST_PARTS: Final = 512
"""Parts in a chunk's row. Beyond them, the oldest without a task's latest outcome are dropped."""
NO_TOKEN: Final = b""
"""The hash of no token."""
LONGEST_PAUSE: Final = 900.0
"""The longest time that a chunk is held after an unacknowledged lease, in seconds."""

_PENDING = TaskStatus.PENDING.letter
_RUNNING = TaskStatus.RUNNING.letter
_RETRYING = TaskStatus.RETRYING.letter
_COMPLETED = TaskStatus.COMPLETED.letter
_FAILED = TaskStatus.FAILED.letter
_CANCELLED = TaskStatus.CANCELLED.letter
_TERMINAL = frozenset((_COMPLETED, _FAILED, _CANCELLED))


class Lease(NamedTuple):
    """The right of one worker to run one chunk until a time.

    `request` is the id of its request, and empty if the lease has a token: the token follows from
    the id, so the row must not have the id.
    """

    worker: str
    request: str
    until: float


class Holder(Enum):
    """The kind of holder of a lease. It decides which requests of workers may act under it."""

    WORKER = "a worker: those with the token of the grant"
    OLD_WORKER = "a worker of protocol 2 or less: those that name it and the epoch"
    PERSON = "a person, who does not use the routes of workers: none"


class Part(NamedTuple):
    """A part that counts: the report that wrote it, and the tasks that it covers.

    `runs` are half-open ranges of positions in the chunk.
    """

    epoch: int
    report: int
    runs: tuple[tuple[int, int], ...]

    def holds(self, offset: int) -> bool:
        """Return whether the part contains an outcome of the task at this position."""
        return any(first <= offset < end for first, end in self.runs)


class CurrentTask(NamedTuple):
    """The task (its index) that the worker named last, and its progress (0 to 1) if known.

    It is evidence that the worker has the lease: the worker acknowledged it.
    """

    task: int
    progress: float | None


class Span(NamedTuple):
    """A byte range of the job's inputs."""

    first: int
    length: int


@dataclass(frozen=True, slots=True)
class Granted:
    """The lease is granted. Write `chunk`, unless `again` is set (the row already has this grant).

    `dead` is the position of the task that failed because its workers kept dying. `token` is what
    requests under the lease must have, if any.
    """

    chunk: Chunk
    again: bool = False
    dead: int | None = None
    token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Held:
    """The chunk is not free until this time (seconds since the epoch).

    Another lease is live, no task is due, or earlier leases were not acknowledged.
    """

    until: float


@dataclass(frozen=True, slots=True)
class Finished:
    """No unfinished task is left."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The report is accepted. Write `chunk`, unless `again` is set (it was folded before)."""

    chunk: Chunk
    again: bool = False


@dataclass(frozen=True, slots=True)
class Stale:
    """A later epoch was granted; the holder of this one has lost its lease."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """One row. `statuses` has a letter per task, `attempts` a number per task; times in seconds.

    `successor` is the note that the window counted its end in this generation: the chunk that its
    end claimed, or its own number if there was no room. `unknown` has the attributes that a later
    version of the code wrote into its row.

    `crashes` counts how often in a row workers died that had named the task `crashed` (its index;
    None if they had named none), and is 0 once that task has failed for it. `lapses` counts the
    leases in a row that lapsed without an acknowledgement. If the current lease lapses so too, the
    chunk is held for `pause` seconds.

    `token_hash` is the hash of the token of the current epoch, also after its lease has ended. It
    is None if the epoch has no token, and NO_TOKEN if no worker may act under it.
    """

    job: str
    number: int
    first: int
    generation: int
    statuses: str
    attempts: tuple[int, ...]
    epoch: int = 0
    version: int = 1
    lease: Lease | None = None
    token_hash: bytes | None = field(default=None, repr=False)
    current_task: CurrentTask | None = None
    reported: int = 0
    crashes: int = 0
    crashed: int | None = None
    lapses: int = 0
    pause: float = 0.0
    not_before: float = 0.0
    sent_at: float = 0.0
    sends: int = 1
    parts: tuple[Part, ...] = ()
    span: Span | None = None
    successor: int | None = None
    expires_at: int = 0
    unknown: Mapping[str, Any] = field(default_factory=dict)

    @staticmethod
    def new(
        job: str, number: int, *, first: int, size: int, now: float, generation: int = 1
    ) -> Chunk:
        """Return a chunk of tasks that have not run."""
        return Chunk(
            job=job,
            number=number,
            first=first,
            generation=generation,
            statuses=_PENDING * size,
            attempts=(0,) * size,
            sent_at=now,
        )

    @property
    def size(self) -> int:
        """The number of its tasks."""
        return len(self.statuses)

    @property
    def counts(self) -> Counts:
        """The numbers of its tasks by status."""
        return Counts.of(self.statuses)

    @property
    def finished(self) -> bool:
        """Whether every task is in a terminal status."""
        return _TERMINAL.issuperset(self.statuses)

    @property
    def known(self) -> bool:
        """Whether this version of the code knows the statuses of its tasks."""
        return TaskStatus.knows(self.statuses)

    @property
    def received(self) -> bool:
        """Whether its message reached a worker in this generation: a grant was written."""
        return self.lease is not None or self.reported > 0

    @property
    def isolated(self) -> bool:
        """Whether each task must be named before it starts, have its own process and report.

        It is set after a lease has lapsed, until a report is accepted.
        """
        return self.crashed is not None or bool(self.crashes or self.lapses)

    @property
    def acknowledged(self) -> bool:
        """Whether the holder of the lease has named a task or reported, so it has the lease."""
        return self.current_task is not None or self.reported > 0

    @property
    def named(self) -> int | None:
        """The position of the RUNNING task that the holder of the lease named last."""
        if self.current_task is None:
            return None
        offset = self.current_task.task - self.first
        return offset if offset in self.running else None

    @property
    def running(self) -> tuple[int, ...]:
        """Positions of the tasks that the lease covers."""
        return tuple(i for i, letter in enumerate(self.statuses) if letter == _RUNNING)

    def leased(self, now: float) -> bool:
        """Return whether a lease is live."""
        return self.lease is not None and now < self.lease.until

    def leased_by_other(self, worker: str) -> bool:
        """Return whether another worker holds its lease."""
        return self.lease is not None and self.lease.worker != worker

    def leased_to(self, worker: str, request: str) -> bool:
        """Return whether this request of this worker holds its lease."""
        if self.lease is None or self.lease.worker != worker:
            return False
        if self.lease.request:
            return self.lease.request == request
        return self.admits(self._token(request, self.epoch))

    def held_by(self, worker: str, token: str | None) -> bool:
        """Return whether a request of this worker with this token may act under its epoch."""
        return not self.leased_by_other(worker) and self.admits(token)

    def admits(self, token: str | None) -> bool:
        """Return whether the token is that of the current epoch, or the epoch has none."""
        return self.token_hash is None or has_hash(token, self.token_hash)

    def _token(self, request: str, epoch: int) -> str:
        return lease_token(request, self.job, self.number, epoch)

    def is_stale(self, epoch: int) -> bool:
        """Return whether a later epoch was granted; writes under a stale one change nothing."""
        return epoch != self.epoch

    def has_folded(self, number: int) -> bool:
        """Return whether a report changes nothing: it is a repeat, or its lease has ended."""
        return number <= self.reported or self.lease is None

    def reached(self, generation: int) -> bool:
        """Return whether its row belongs to this generation or a later one and needs no reset."""
        return self.generation >= generation

    def may_seal(self, generation: int) -> bool:
        """Return whether the end of this generation cancels its tasks: not those of a later one."""
        return bool(self.running) and self.generation <= generation

    def due_at(self, now: float) -> float:
        """Return when it can be granted next: now, or when its lease, hold or delay ends."""
        if self.lease is not None and now < self.lease.until:
            return self.lease.until
        return max(self.held_until, self._task_due_at(now))

    def held(self, now: float) -> bool:
        """Return whether it waits because no worker acknowledged its latest leases."""
        return not self.leased(now) and now < self.held_until

    @property
    def held_until(self) -> float:
        """The end of its hold if its lease ends without an acknowledgement; otherwise 0."""
        if self.lease is None or self.acknowledged or not self.running:
            return 0.0
        return self.lease.until + self.pause

    def _task_due_at(self, now: float) -> float:
        if _PENDING in self.statuses or _RUNNING in self.statuses:
            return now
        return max(now, self.not_before)

    def status_of(self, offset: int) -> TaskStatus:
        """Return the status of the task at this position."""
        return TaskStatus.of(self.statuses[offset])

    def progress_of(self, offset: int) -> float | None:
        """Return the progress of the task at this position, if it runs and reported any."""
        current = self.current_task
        running = current is not None and current.task == self.first + offset
        return current.progress if current is not None and running else None

    def part_of(self, offset: int) -> PartKey | None:
        """Return the part with the latest accepted outcome of the task at this position."""
        for part in reversed(self.parts):
            if part.holds(offset):
                return self.part_key(part.epoch, part.report)
        return None

    def history_of(self, offset: int) -> tuple[PartKey, ...]:
        """Return the parts with accepted outcomes of the task at this position, oldest first."""
        return tuple(self.part_key(p.epoch, p.report) for p in self.parts if p.holds(offset))

    def part_key(self, epoch: int, report: int) -> PartKey:
        """Return the key of the part of one report."""
        return PartKey(self.job, self.number, epoch, report)

    # Transitions. Each raises `version` by one.

    def grant(
        self,
        worker: str,
        request: str,
        now: float,
        length: float,
        holder: Holder = Holder.OLD_WORKER,
    ) -> Granted | Held | Finished:
        """Grant the lease to a worker; a repeated request id gets the same grant.

        A RUNNING task keeps its attempt, because its worker died and the task did not fail.
        `_after_lapse` decides the meaning of a lapsed lease.
        """
        if self.finished:
            return Finished()
        repeated = self.leased_to(worker, request)
        if self.leased(now):
            return self._granted_again(request) if repeated else Held(self.due_at(now))
        due_at = self._task_due_at(now) if repeated else self.due_at(now)
        if due_at > now:
            return Held(due_at)
        found = self if repeated else self._after_lapse(length)
        dead = found.named if found.crashes >= CRASHES_TO_FAIL else None
        statuses, crashes = found.statuses, found.crashes
        if dead is not None:
            statuses = statuses[:dead] + _FAILED + statuses[dead + 1 :]
            crashes = 0
        ready = (_PENDING, _RETRYING) if now >= self.not_before else (_PENDING,)
        attempts = tuple(
            n + (letter in ready) for n, letter in zip(self.attempts, statuses, strict=True)
        )
        for letter in ready:
            statuses = statuses.replace(letter, _RUNNING)
        epoch = self.epoch + 1
        held = _RUNNING in statuses
        token = self._token(request, epoch) if holder is Holder.WORKER else None
        return Granted(
            replace(
                found,
                statuses=statuses,
                attempts=attempts,
                epoch=epoch,
                version=self.version + 1,
                lease=Lease(worker, "" if token else request, now + length) if held else None,
                token_hash=_token_hash(holder, token),
                current_task=None,
                reported=0,
                crashes=crashes,
                parts=self.parts
                if dead is None
                else _kept((*self.parts, Part(epoch, 0, ((dead, dead + 1),)))),
            ),
            dead=dead,
            token=token,
        )

    def _granted_again(self, request: str) -> Granted:
        token = self._token(request, self.epoch)
        return Granted(self, again=True, token=token if has_hash(token, self.token_hash) else None)

    def _after_lapse(self, length: float) -> Chunk:
        """Return the chunk with its lapsed lease counted, if tasks were RUNNING under it.

        If the worker acknowledged the lease, it died: a crash of the task that it had named. The
        task fails at the third crash in a row. Otherwise it is unknown whether the worker ever had
        the tasks: this is a lapse, which never fails a task, and each lapse in a row holds the
        chunk longer.
        """
        if self.lease is None or not self.running:
            return self
        if not self.acknowledged:
            lapses = self.lapses + 1
            return replace(
                self, lapses=lapses, pause=min(LONGEST_PAUSE, length * 2.0 ** min(lapses - 1, 16))
            )
        crashed = None if self.named is None else self.first + self.named
        again = crashed is not None and crashed == self.crashed
        return replace(self, crashed=crashed, crashes=self.crashes + 1 if again else 1)

    def extend(
        self, epoch: int, current_task: CurrentTask | None, now: float, length: float
    ) -> Accepted | Stale:
        """Renew the lease of this epoch and store the current task of the worker.

        A call without a task, or with one that is not RUNNING because the call is late, leaves the
        task that was named last. A named task acknowledges the lease.
        """
        if self.is_stale(epoch) or self.lease is None:
            return Stale()
        named = current_task is not None and current_task.task - self.first in self.running
        return Accepted(
            replace(
                self,
                lease=self._lease_until(now + length),
                current_task=current_task if named else self.current_task,
                lapses=0 if named else self.lapses,
                pause=0.0 if named else self.pause,
                version=self.version + 1,
            )
        )

    def _lease_until(self, until: float) -> Lease | None:
        return None if self.lease is None else self.lease._replace(until=until)

    def reserve(self) -> Chunk:
        """Return the chunk with the next report number taken: only its owner may report with it."""
        return replace(self, reported=self.reported + 1, version=self.version + 1)

    def report(
        self,
        *,
        epoch: int,
        number: int,
        final: bool,
        outcomes: Sequence[Outcome],
        policy: RetryPolicy,
        jitter: float,
        now: float,
        length: float,
        reserved: bool = False,
    ) -> Accepted | Stale:
        """Fold outcomes into the row; `reserved` if the number was taken by `reserve`.

        Only tasks that are RUNNING under this epoch, in this attempt, change. A partial report
        renews the lease. A final report ends it and hands back tasks without an outcome; their
        attempt does not count.
        """
        if self.is_stale(epoch):
            return Stale()
        if not reserved and self.has_folded(number):
            return Accepted(self, again=True)
        current = {(offset, self.attempts[offset]) for offset in self.running}
        statuses, not_before, folded = list(self.statuses), self.not_before, []
        for outcome in outcomes:
            offset = outcome.index - self.first
            if (offset, outcome.attempt) not in current:
                continue
            current.remove((offset, outcome.attempt))
            folded.append(offset)
            statuses[offset] = _after(outcome, policy)
            if statuses[offset] == _RETRYING:
                not_before = max(not_before, now + _delay(outcome, policy, jitter))
        attempts = self.attempts
        if final:
            attempts = tuple(
                n - (letter == _RUNNING) for n, letter in zip(attempts, statuses, strict=True)
            )
            statuses = [_PENDING if letter == _RUNNING else letter for letter in statuses]
        return Accepted(
            replace(
                self,
                statuses="".join(statuses),
                attempts=attempts,
                version=self.version + 1,
                lease=None if final else self._lease_until(now + length),
                current_task=None if final else self.current_task,
                reported=max(number, self.reported),
                crashes=0,
                crashed=None,
                lapses=0,
                pause=0.0,
                not_before=not_before,
                parts=_kept((*self.parts, Part(epoch, number, runs_of(folded))))
                if folded
                else self.parts,
            )
        )

    def seal(self) -> Chunk:
        """Return the chunk of a stopped job: RUNNING tasks are CANCELLED, the worker is fenced."""
        return replace(
            self,
            statuses=self.statuses.replace(_RUNNING, _CANCELLED),
            epoch=self.epoch + 1,
            version=self.version + 1,
            lease=None,
            token_hash=NO_TOKEN,
            current_task=None,
        )

    def reset(
        self,
        generation: int,
        now: float,
        *,
        again: Collection[int] | None = None,
    ) -> Chunk:
        """Reset it for a later generation: all tasks except COMPLETED ones become PENDING.

        With `again`, only the tasks at these positions do: other FAILED tasks stay FAILED, and
        tasks that never ended become CANCELLED. The epoch rises, so that a worker of the previous
        generation is fenced off. Raises IllegalMove if the generation is not a later one.
        """
        if self.reached(generation):
            raise IllegalMove(f"chunk {self.number} of job {self.job} reached {self.generation}")
        statuses = "".join(
            _status_after_reset(letter, None if again is None else offset in again)
            for offset, letter in enumerate(self.statuses)
        )
        return replace(
            self,
            generation=generation,
            statuses=statuses,
            attempts=tuple(
                0 if letter == _PENDING else n
                for n, letter in zip(self.attempts, statuses, strict=True)
            ),
            epoch=self.epoch + 1,
            version=self.version + 1,
            lease=None,
            token_hash=NO_TOKEN,
            current_task=None,
            reported=0,
            crashes=0,
            crashed=None,
            lapses=0,
            pause=0.0,
            not_before=0.0,
            sent_at=now,
            sends=1,
            successor=None,
        )

    def sent(self, now: float) -> Chunk:
        """Return the chunk after its message was sent again."""
        return replace(self, sent_at=now, sends=self.sends + 1, version=self.version + 1)

    def noted(self, claimed: int | None) -> Chunk:
        """Return the chunk after its end was counted in the window, and claimed a chunk or none."""
        successor = self.number if claimed is None else claimed
        return replace(self, successor=successor, version=self.version + 1)

    def sent_on(self, now: float) -> Chunk:
        """Return the chunk after a worker without its task type sent it on to others."""
        return replace(self, sent_at=now, version=self.version + 1)


def _token_hash(holder: Holder, token: str | None) -> bytes | None:
    if holder is Holder.PERSON:
        return NO_TOKEN
    return None if token is None else hash_of(token)


def _status_after_reset(letter: str, chosen: bool | None) -> str:  # noqa: FBT001 - None: no selection
    """Return the status in the next generation."""
    if letter == _COMPLETED or (letter == _FAILED and chosen is False):
        return letter
    return _CANCELLED if chosen is False else _PENDING


def _after(outcome: Outcome, policy: RetryPolicy) -> str:
    error = outcome.error
    if error is None:
        return _COMPLETED
    again = policy.allows(attempt=outcome.attempt, error_type=error.type, retryable=error.retryable)
    return _RETRYING if again else _FAILED


def _delay(outcome: Outcome, policy: RetryPolicy, jitter: float) -> float:
    asked = outcome.error.retry_after if outcome.error is not None else None
    return policy.delay(outcome.attempt, jitter) if asked is None else asked


def _kept(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """Return at most `MOST_PARTS` parts; those with a task's latest outcome are never dropped."""
    surplus = len(parts) - MOST_PARTS
    if surplus <= 0:
        return parts
    seen: set[int] = set()
    history: list[int] = []
    for place in reversed(range(len(parts))):
        offsets = {offset for run in parts[place].runs for offset in range(*run)}
        if offsets <= seen:
            history.append(place)
        seen |= offsets
    dropped = {*history[-surplus:]}
    return tuple(part for place, part in enumerate(parts) if place not in dropped)


def runs_of(offsets: Iterable[int]) -> tuple[tuple[int, int], ...]:
    """Return positions as half-open ranges: 0, 1, 2, 5 → (0, 3), (5, 6)."""
    runs: list[tuple[int, int]] = []
    for offset in sorted(offsets):
        if runs and runs[-1][1] == offset:
            runs[-1] = (runs[-1][0], offset + 1)
        else:
            runs.append((offset, offset + 1))
    return tuple(runs)
