"""The laws for each write and for each answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from shoal.domain.canary import CanaryVerdict
from shoal.domain.chunk import CRASHES_TO_FAIL, LONGEST_PAUSE, Chunk
from shoal.domain.job import Job
from shoal.domain.tally import Entry, Sum
from shoal.domain.window import Window
from tests.prove.simulation import Simulation
from tests.prove.threads import Event
from tests.prove.trace import Trace, shown

_ENDED: Final = "CFX"
_MARKS: Final = ("a later version wrote a job", "a row cannot be read")
"""Branches that are named in a violation, so that a known fault can be recognized."""
GRANTS_TO_FAIL: Final = 5
"""The grant that fails a task whose workers die at once, at the latest."""


class Violation(NamedTuple):
    """A law that does not hold, when, and how."""

    law: str
    at: float
    how: str


class Acknowledged:
    """Requests of users and workers that got a 2xx answer."""

    def __init__(self) -> None:
        self.submits: dict[str, str] = {}
        """Jobs with their tenants."""
        self.cancels: dict[str, float] = {}
        self.deletes: set[str] = set()
        self.changes: dict[tuple[str, str], Any] = {}
        """The values of fields, by job and field."""
        self.unanswered: dict[tuple[str, str], list[Any]] = {}
        """The values that requests without an answer may write, by job and field."""
        self.retries: dict[str, int] = {}
        """The generation that a retry began, by job."""
        self.chosen: dict[tuple[str, int], list[int]] = {}
        """The tasks that a retry of some has to run, by job and generation."""
        self.discards: set[str] = set()
        self.results: dict[tuple[str, int], Any] = {}
        """Results by task."""
        self.failures: set[tuple[str, int]] = set()
        """Tasks that failed by hand."""
        self.outcomes: set[tuple[str, int]] = set()
        """Tasks that completed."""
        self.bulk_actions: dict[str, str] = {}
        self.exports: set[tuple[str, str]] = set()
        self.webhooks: dict[str, tuple[str, bool]] = {}
        """Webhooks by id, with their tenants and whether they exist."""


class Laws:
    """Checks, and what they have to remember."""

    def __init__(self, simulation: Simulation, trace: Trace, *, lease: float) -> None:
        self.lease = lease
        self._simulation = simulation
        self._trace = trace
        self.violations: list[Violation] = []
        self.noted: Callable[[Violation], None] = lambda _: None
        """Gets each violation."""
        self.checked: Counter[str] = Counter()
        """How often each law had something to check."""
        self.branches: Counter[str] = Counter()
        """How often each branch was reached."""
        self.late = False
        """Rows may have expired."""
        self.calm = False
        """No fault happens any more."""
        self.calm_at = 0.0
        self.calm_grants: Counter[str] = Counter()
        """Grants by job."""
        self.types_of: Callable[[str], frozenset[str]] = lambda _: frozenset()
        self.type_of: Callable[[str], str] = lambda _: ""
        self.job_of: Callable[[str], Job | None] = lambda _: None
        self.prompt = False
        """Workers receive a pause in time: no fault of this run can delay a heartbeat."""
        self.acknowledged = Acknowledged()
        self.requests: Counter[str] = Counter()
        """Requests of users that may write the row of a job, by job."""
        self._paused: dict[str, float] = {}
        self.resumed: dict[str, float] = {}
        """When the latest resume of a job was acknowledged."""
        self._waiting: dict[str, list[Event]] = {}
        """Users that wait for something to happen."""
        self._generations: dict[tuple[str, int, int], int] = {}
        """The generation in which an epoch was granted, by job, chunk and epoch."""
        self._granted_at: dict[tuple[str, int, int], float] = {}
        self._by_hand: set[tuple[str, int]] = set()
        self._had: dict[tuple[str, int], int] = {}
        self._named: dict[tuple[str, int], set[int]] = {}
        """The epochs under which a worker named the task as its current one."""
        self._starts: Counter[tuple[str, int]] = Counter()
        """How often a task was started since the last accepted report of its chunk."""
        self._base: dict[tuple[str, int], int] = {}

    def broken(self, law: str, how: str) -> None:
        """Note a violation."""
        if self.late:
            how += " (weeks later)"
        how += "".join(f" ({mark})" for mark in _MARKS if self.branches[mark])
        if len(self.violations) < 20:
            violation = Violation(law, self._simulation.now, how)
            self.violations.append(violation)
            self.noted(violation)
            self._trace.add(self._simulation.now, "law", law, (how,), fault="VIOLATION")

    def check(self, law: str, holds: bool, how: str = "") -> None:  # noqa: FBT001
        """Check one law."""
        self.checked[law] += 1
        if not holds:
            self.broken(law, how)

    def wait_for(self, what: str, seconds: float) -> bool:
        """Wait until something happens, so that a user can act at this very moment."""
        event = Event(self._simulation)
        self._waiting.setdefault(what, []).append(event)
        return event.wait(seconds)

    def _job_moments(self, old: Job, new: Job) -> None:
        if old.ending is None and new.ending is not None:
            self._happens("stopped")
        if new.generation > old.generation:
            self._happens("retried")
        if old.live and not new.live:
            self._happens("closed")

    def _chunk_moments(self, old: Chunk, new: Chunk) -> None:
        if new.epoch > old.epoch and new.lease is not None:
            self._happens("granted")
        elif len(new.parts) > len(old.parts):
            self._happens("reported")
        elif new.generation > old.generation:
            self._happens("reset")

    def _happens(self, what: str) -> None:
        for event in self._waiting.pop(what, ()):
            event.set()

    # Writes.

    def task_began(self, job_id: str, index: int, epoch: int) -> None:
        """A worker began to run a task."""
        paused = self._paused.get(job_id)
        if paused is not None and self.prompt:
            self.check(
                "no task starts after a worker received the pause",
                self._simulation.now <= paused + self.lease,
                f"{job_id[-4:]} {index} starts {self._simulation.now - paused:.0f} s later",
            )
        task = job_id, index
        self._had[task] = max(epoch, self._had.get(task, 0))
        self._starts[task] += 1
        self.check(
            "a task that never ends is started at most four times",
            self._starts[task] < GRANTS_TO_FAIL,
            f"task {index} at epoch {epoch}",
        )

    def task_named(self, job_id: str, index: int, epoch: int) -> None:
        """A worker named a task as its current one in a heartbeat."""
        self._named.setdefault((job_id, index), set()).add(epoch)

    def asked_to_run(self, job_id: str, index: int) -> None:
        """A user takes a task on by hand, or ends it so."""
        self._by_hand.add((job_id, index))

    def job_written(self, old: Job | None, new: Job) -> None:
        """A job's row was written."""
        paused = new.id in self._paused and old is not None and old.paused
        if not new.live:
            self._paused.pop(new.id, None)
        elif paused:
            by_user = self._by_resume()
            stays = new.paused or by_user
            self.check("a paused job stays paused", stays, f"{shown(old)} -> {shown(new)}")
            if not new.paused:  # a resume before the pause may have been late
                self._paused.pop(new.id)
        if old is None:
            return
        self._moved(old, new)
        self._job_moments(old, new)
        if new.token != old.token and new.token is not None:
            self.check("a token is stored only while the job is open", not old.stopping, shown(old))
        change = f"{shown(old)} -> {shown(new)}"
        self.check("a job's version grows", new.version > old.version, change)
        self.check("a job's generation never falls", new.generation >= old.generation, change)
        resumed = new.paused or not new.live or new.resumed_at > old.resumed_at
        self.check(
            "only a resume or the end of a job ends its pause", not old.paused or resumed, change
        )
        self.check("nothing moves the expiry of a job", new.expires_at == old.expires_at, change)
        if not old.live and new.generation == old.generation:
            same = (old.status, old.counts, old.outcomes) == (new.status, new.counts, new.outcomes)
            same = same and old.task_count == new.task_count
            self.check("a closed generation stays as it is", same, change)
        for generation, status in old.outcomes.items():
            self.check("outcomes stay", new.outcomes.get(generation) == status, change)
        if new.generation == old.generation:
            grows = new.executions >= old.executions
            self.check("the number of executions never falls", grows, change)
        self._judged(old, new, change)
        canary = new.canary
        if (
            old.live
            and not new.live
            and new.ending is None
            and canary is not None
            and canary.generation == new.generation
            and canary.more
        ):
            passed = canary.verdict is CanaryVerdict.PASSED
            self.check("a canary that passes is followed by the rest", not passed, change)

    def _by_resume(self) -> bool:
        """Whether the current request is a resume, of one job or of many."""
        actor = self._simulation.current
        return actor is not None and ("/resume" in actor.name or "BulkActions" in actor.name)

    def _judged(self, old: Job, new: Job, change: str) -> None:
        """A canary that fails is not followed by the rest."""
        canary = old.canary
        if canary is not None and old.live and new.generation > canary.generation == old.generation:
            passed = new.canary is not None and new.canary.verdict is CanaryVerdict.PASSED
            judged = new.canary
            enough = judged is not None and (judged.succeeded or 0) >= judged.bar * judged.tried
            self.check("a canary that failed ends the retry", passed and enough, change)

    def entry_written(self, job_id: str, old: Entry | None, new: Entry) -> None:
        """The entry of a chunk in its tally changed."""
        if old is not None:
            change = f"{job_id[-4:]}: {old} -> {new}"
            self.check("the version of an entry never falls", new.version >= old.version, change)
            self.check(
                "the generation of an entry never falls", new.generation >= old.generation, change
            )

    def sum_written(self, job_id: str, old: Sum | None, new: Sum) -> None:
        """The sum of a tally changed."""
        if old is not None:
            change = f"{job_id[-4:]}: {old} -> {new}"
            self.check("the versions of a sum grow", new.versions > old.versions, change)

    def _moved(self, old: Job, new: Job) -> None:
        """Count what a write of a job's row did."""
        if old.live and not new.live:
            self.branches[f"a job ends {new.status}"] += 1
            if new.too_old(self._simulation.now):
                self.branches["a job ends for its age"] += 1
            if new.canary is not None and new.canary.generation == new.generation:
                self.branches[f"a canary ends a job: {new.canary.verdict}"] += 1
        if old.live and new.generation > old.generation:
            self.branches["a canary is followed by the rest"] += 1
        if not old.live and new.generation > old.generation:
            chosen = "all" if new.selection is None else "some"
            self.branches[f"a retry of {chosen} begins"] += 1
        if old.ending is None and new.ending is not None:
            self.branches[f"a job is stopped, to end {new.ending}"] += 1
        if new.paused != old.paused:
            self.branches["a job is paused" if new.paused else "a job is resumed"] += 1
        if new.window != old.window and new.window is not None:
            self.branches["a window is changed"] += 1

    def _chunk_moved(self, old: Chunk, new: Chunk) -> None:
        """Count what a write of a chunk's row did."""
        if new.crashes > old.crashes:
            self.branches[f"a lease lapses, crash {new.crashes}"] += 1
        if len(new.parts) > len(old.parts) and new.parts[-1].report == 0:
            self.branches["a task is FAILED after crashes"] += 1
        if new.successor is not None and old.successor is None:
            claims = new.successor != new.number
            then = "lets another into the window" if claims else "is counted without a claim"
            self.branches[f"an ended chunk {then}"] += 1
        if new.sends > old.sends:
            self.branches["a message is sent again by the monitor"] += 1
        if new.generation > old.generation:
            self.branches["a chunk is reset by a retry"] += 1
        if "X" in new.statuses and "X" not in old.statuses and new.generation == old.generation:
            self.branches["a chunk is sealed"] += 1
        if "T" in new.statuses and "T" not in old.statuses:
            self.branches["a task waits to be retried"] += 1
        if new.lapses > old.lapses:
            self.branches[f"a lease lapses unacknowledged, {min(new.lapses, 3)} in a row"] += 1
            self._held(old, new)
        if old.current_task is None and new.current_task is not None and old.isolated:
            self.branches["an isolated task is named before it starts"] += 1

    def chunk_written(self, old: Chunk | None, new: Chunk) -> None:
        """A chunk's row was written."""
        if old is None:
            self._base[new.job, new.number] = new.epoch
            return
        change = f"{shown(old)} -> {shown(new)}"
        self.check("a chunk's version grows", new.version > old.version, change)
        self.check("a chunk's epoch never falls", new.epoch >= old.epoch, change)
        self.check("a chunk's generation never falls", new.generation >= old.generation, change)
        self.check("nothing moves the expiry of a chunk", new.expires_at == old.expires_at, change)
        self._chunk_moved(old, new)
        self._chunk_moments(old, new)
        self._fenced(old, change)
        self._attempted(new, change)
        if new.crashes > old.crashes:
            evidence = old.current_task is not None or old.reported > 0
            self.check("a crash has evidence", evidence, change)
        lease = new.lease
        if lease is not None and new.epoch > old.epoch:
            self._granted(new)
        if new.reported > old.reported or (old.lease is not None and lease is None):
            self._count_starts_again(new)
        if new.generation != old.generation:
            self._base[new.job, new.number] = new.epoch
            kept = all(
                b == "C" for a, b in zip(old.statuses, new.statuses, strict=True) if a == "C"
            )
            self.check("a completed task stays completed", kept, change)
            self._chosen(new, change)
            return
        pairs = list(zip(old.statuses, new.statuses, strict=True))
        stays = all(after == before for before, after in pairs if before in _ENDED)
        self.check("a terminal status stays", stays, change)
        for offset, (before, after) in enumerate(pairs):
            if after == "F" and before != "F":
                self._failed(new, offset, change)

    def window_written(
        self, old: Window | None, new: Window, job: Job, rows: Sequence[Chunk]
    ) -> None:
        """The window of a job's generation was written; the job and its rows are current."""
        told = f"{new} of {shown(job)}"
        self.check("a window is as wide as max_parallelism", new.width == job.width, told)
        noted = sum(row.generation == job.generation and row.successor is not None for row in rows)
        self.check("a window counts the notes of its chunks", new.back == noted, f"{noted}: {told}")
        if new.next > (0 if old is None else old.next):
            ended = sum(
                row.generation == job.generation and row.finished
                for row in rows
                if new.covers(row.number)
            )
            self.check(
                "the number of chunks that are out is at most max_parallelism",
                new.next - ended <= job.width,
                f"{new.next - ended}: {told}",
            )
        if old is not None and new.sending is None and old.sending is not None:
            self.branches["chunks that were claimed together are sent"] += 1

    def _fenced(self, old: Chunk, change: str) -> None:
        """A report or a heartbeat writes only under the epoch of its lease."""
        actor = self._simulation.current
        epoch = None if actor is None else actor.process.epochs.get((old.job, old.number))
        if epoch is not None:
            granted = self._generations.get((old.job, old.number, epoch), old.generation)
            self.check(
                "a write under an old epoch changes nothing",
                (epoch, granted) == (old.epoch, old.generation),
                f"epoch {epoch} of generation {granted}: {change}",
            )

    def _attempted(self, new: Chunk, change: str) -> None:
        job = self.job_of(new.job)
        if job is not None:
            most = job.spec.policy.max_attempts
            self.check("attempts stay within max_attempts", max(new.attempts) <= most, change)

    def _held(self, old: Chunk, new: Chunk) -> None:
        """Leases in a row that no worker acknowledged hold the chunk for longer and longer."""
        if old.lease is not None and new.lapses > 1:
            pause = min(LONGEST_PAUSE, self.lease * 2.0 ** (new.lapses - 2))
            waited = self._simulation.now - old.lease.until
            self.check("unacknowledged leases hold their chunk", waited >= pause, shown(new))

    def _chosen(self, new: Chunk, change: str) -> None:
        """A retry of the tasks with some indices resets these only."""
        job = self.job_of(new.job)
        selection = None if job is None or job.generation != new.generation else job.selection
        if selection is None or selection.runs is None:
            return
        others = [
            letter
            for index, letter in enumerate(new.statuses, new.first)
            if not selection.names(index)
        ]
        if others:
            self.check("a retry of selected tasks runs no other", "P" not in others, change)

    def _count_starts_again(self, chunk: Chunk) -> None:
        for index in range(chunk.first, chunk.first + chunk.size):
            self._starts.pop((chunk.job, index), None)

    def _failed(self, chunk: Chunk, offset: int, change: str) -> None:
        task = chunk.job, chunk.first + offset
        base = self._base[chunk.job, chunk.number]
        named = {epoch for epoch in self._named.get(task, ()) if epoch > base}
        had = self._had.get(task, -1) > base or bool(named)
        self.check(
            "no task is FAILED that no worker had",
            had or task in self._by_hand,
            f"task {task[1]}: {change}",
        )
        part = chunk.part_of(offset)
        if part is not None and not part.report:
            self.check(
                "no task is FAILED for crashes that were not acknowledged",
                len(named) >= CRASHES_TO_FAIL or task in self._by_hand,
                f"task {task[1]}, named at {sorted(named)}: {change}",
            )

    def _granted(self, chunk: Chunk) -> None:
        actor = self._simulation.current
        assert actor is not None
        self._granted_at[chunk.job, chunk.number, chunk.epoch] = self._simulation.now
        self._generations.setdefault((chunk.job, chunk.number, chunk.epoch), chunk.generation)
        offered = self.types_of(chunk.lease.worker if chunk.lease else "")
        if offered:
            self.check(
                "no lease is granted to a worker without the type",
                self.type_of(chunk.job) in offered,
                shown(chunk),
            )
        self.calm_grants[chunk.job] += self.calm
        paused = self._paused.get(chunk.job)
        if paused is not None:
            self.check(
                "no lease is granted to a request after a pause was acknowledged",
                actor.began_at <= paused,
                shown(chunk),
            )

    # Answers.

    def submitted(self, job_id: str, tenant: str) -> None:
        """A submit was acknowledged."""
        self.acknowledged.submits[job_id] = tenant

    def cancelled(self, job_id: str) -> None:
        """A cancel was acknowledged."""
        self.acknowledged.cancels.setdefault(job_id, self._simulation.now)

    def paused(self, job_id: str) -> None:
        """A pause was acknowledged."""
        self._paused.setdefault(job_id, self._simulation.now)

    def resume_answered(self, job_id: str) -> None:
        """A resume was acknowledged."""
        self.resumed[job_id] = self._simulation.now

    def may_resume(self, job_id: str) -> None:
        """Record a requested resume, which may happen at any time from now on."""
        self._paused.pop(job_id, None)

    def changed(self, job_id: str, body: Mapping[str, Any], acknowledged: bool) -> None:  # noqa: FBT001
        """Record a requested change."""
        for name, value in body.items():
            if acknowledged:
                self.acknowledged.changes[job_id, name] = value
            else:  # it may be written at any time from now on
                self.acknowledged.unanswered.setdefault((job_id, name), []).append(value)

    def retried(self, job_id: str, generation: int, chosen: Sequence[int]) -> None:
        """A retry was acknowledged, of all tasks or of these."""
        told = self.acknowledged
        told.retries[job_id] = max(generation, told.retries.get(job_id, 0))
        if chosen:
            told.chosen[job_id, generation] = [*chosen]

    def discarded(self, job_id: str) -> None:
        """A discard was acknowledged."""
        self.acknowledged.discards.add(job_id)

    def failed_by_hand(self, job_id: str, index: int) -> None:
        """A failure by hand was acknowledged."""
        self.acknowledged.failures.add((job_id, index))

    def bulk_begun(self, action_id: str, tenant: str) -> None:
        """A bulk action was acknowledged."""
        self.acknowledged.bulk_actions[action_id] = tenant

    def bulk_actions_of(self, tenant: str) -> Sequence[str]:
        """The bulk actions of a tenant that were acknowledged."""
        return [each for each, of in self.acknowledged.bulk_actions.items() if of == tenant]

    def export_begun(self, job_id: str, export_id: str) -> None:
        """An export was acknowledged."""
        self.acknowledged.exports.add((job_id, export_id))

    def hooked(self, webhook_id: str, tenant: str, *, exists: bool | None) -> None:
        """The creation or the deletion of a webhook was acknowledged; None if it is not known."""
        if exists is None:
            self.acknowledged.webhooks.pop(webhook_id, None)
        else:
            self.acknowledged.webhooks[webhook_id] = tenant, exists

    def deleted(self, job_id: str) -> None:
        """A delete was acknowledged."""
        self.acknowledged.deletes.add(job_id)

    def completed(self, job_id: str, index: int, result: Any) -> None:
        """Record that a user got this result of a COMPLETED task."""
        self.acknowledged.results[job_id, index] = result

    def reported(self, job_id: str, index: int) -> None:
        """Record that the outcome of a completed task was accepted."""
        self.acknowledged.outcomes.add((job_id, index))

    def leased(self, job_id: str, chunk: int, epoch: int) -> None:
        """Record that a lease was granted to a worker."""
        cancelled = self.acknowledged.cancels.get(job_id)
        if cancelled is not None:
            self.check(
                "a lease written after a cancel was acknowledged is not granted",
                self._granted_at.get((job_id, chunk, epoch), 0.0) <= cancelled,
                f"{job_id} {chunk} {epoch}",
            )
