"""The laws for each write, for each answer, and at rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from shoal.domain.canary import CanaryVerdict
from shoal.domain.chunk import Chunk
from shoal.domain.counts import Counts
from shoal.domain.job import Job, JobStatus
from shoal.domain.outcome import Outcome, PartKey
from shoal.domain.tally import Entry, Sum, Tally, address, total
from shoal.domain.window import Window
from tests.prove.simulation import Simulation
from tests.prove.trace import Trace, shown

_ENDED: Final = "CFX"


class Violation(NamedTuple):
    """A law that does not hold, when, and how."""

    law: str
    at: float
    how: str


class Laws:
    """Checks, and what they have to remember."""

    def __init__(self, simulation: Simulation, trace: Trace) -> None:
        self._simulation = simulation
        self._trace = trace
        self.violations: list[Violation] = []
        self.checked: Counter[str] = Counter()
        """How often each law had something to check."""
        self.branches: Counter[str] = Counter()
        """How often each branch was reached."""
        self.late = False
        """Rows may have expired."""
        self.calm = False
        """No fault happens any more."""
        self.calm_grants: Counter[str] = Counter()
        self.calm_strangers: Counter[str] = Counter()
        """Grants by job, and grants to workers that do not offer the task type."""
        self.types_of: Callable[[str], frozenset[str]] = lambda _: frozenset()
        self.type_of: Callable[[str], str] = lambda _: ""
        self._strangers: set[tuple[str, int]] = set()
        """Chunks that were granted to a worker which does not offer their type."""
        self._tenants: dict[str, str] = {}
        self._cancelled: dict[str, float] = {}
        self._paused: dict[str, float] = {}
        self._deleted: set[str] = set()
        self._changes: dict[str, dict[str, Any]] = {}
        self._results: dict[tuple[str, int], Any] = {}
        self._accepted: set[tuple[str, int]] = set()
        self._granted_at: dict[tuple[str, int, int], float] = {}
        self._by_hand: set[tuple[str, int]] = set()
        self._had: dict[tuple[str, int], int] = {}
        self._base: dict[tuple[str, int], int] = {}

    def broken(self, law: str, how: str) -> None:
        """Note a violation."""
        if self.late:
            how += " (weeks later)"
        if len(self.violations) < 20:
            self.violations.append(Violation(law, self._simulation.now, how))
            self._trace.add(self._simulation.now, "law", law, (how,), fault="VIOLATION")

    def check(self, law: str, holds: bool, how: str = "") -> None:  # noqa: FBT001
        """Check one law."""
        self.checked[law] += 1
        if not holds:
            self.broken(law, how)

    # Writes.

    def task_began(self, job_id: str, index: int, epoch: int) -> None:
        """A worker began to run a task."""
        self._had[job_id, index] = max(epoch, self._had.get((job_id, index), 0))

    def asked_to_run(self, job_id: str, index: int) -> None:
        """A user takes a task on by hand, or ends it so."""
        self._by_hand.add((job_id, index))

    def job_written(self, old: Job | None, new: Job) -> None:
        """A job's row was written."""
        if not new.live:
            self._paused.pop(new.id, None)
        if old is None:
            return
        self._moved(old, new)
        change = f"{shown(old)} -> {shown(new)}"
        self.check("a job's version grows", new.version > old.version, change)
        self.check("a job's generation never falls", new.generation >= old.generation, change)
        self.check("nothing moves the expiry of a job", new.expires_at == old.expires_at, change)
        if not old.live and new.generation == old.generation:
            same = (old.status, old.counts, old.outcomes) == (new.status, new.counts, new.outcomes)
            self.check("a closed generation stays as it is", same, change)
        for generation, status in old.outcomes.items():
            self.check("outcomes stay", new.outcomes.get(generation) == status, change)
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
        lease = new.lease
        if lease is not None and new.epoch > old.epoch:
            self._granted(new)
        if new.generation != old.generation:
            self._base[new.job, new.number] = new.epoch
            kept = all(
                b == "C" for a, b in zip(old.statuses, new.statuses, strict=True) if a == "C"
            )
            self.check("a completed task stays completed", kept, change)
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

    def _failed(self, chunk: Chunk, offset: int, change: str) -> None:
        task = chunk.job, chunk.first + offset
        had = self._had.get(task, -1) > self._base[chunk.job, chunk.number]
        if (chunk.job, chunk.number) in self._strangers:
            change += " after a grant to a worker without the type"
        self.check(
            "no task is FAILED that no worker had",
            had or task in self._by_hand,
            f"task {task[1]}: {change}",
        )

    def _granted(self, chunk: Chunk) -> None:
        actor = self._simulation.current
        assert actor is not None
        self._granted_at[chunk.job, chunk.number, chunk.epoch] = self._simulation.now
        offered = self.types_of(chunk.lease.worker if chunk.lease else "")
        if offered and self.type_of(chunk.job) not in offered:
            self._strangers.add((chunk.job, chunk.number))
            self.calm_strangers[chunk.job] += self.calm
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
        self._tenants[job_id] = tenant

    def cancelled(self, job_id: str) -> None:
        """A cancel was acknowledged."""
        self._cancelled.setdefault(job_id, self._simulation.now)

    def paused(self, job_id: str) -> None:
        """A pause was acknowledged."""
        self._paused.setdefault(job_id, self._simulation.now)

    def may_resume(self, job_id: str) -> None:
        """Record a requested resume, which may happen at any time from now on."""
        self._paused.pop(job_id, None)

    def changed(self, job_id: str, body: Mapping[str, Any], acknowledged: bool) -> None:  # noqa: FBT001
        """Record a requested change."""
        known = self._changes.setdefault(job_id, {})
        for name, value in body.items():
            if acknowledged:
                known[name] = value
            else:
                known.pop(name, None)

    def deleted(self, job_id: str) -> None:
        """A delete was acknowledged."""
        self._deleted.add(job_id)

    def completed(self, job_id: str, index: int, result: Any) -> None:
        """Record that a user got this result of a COMPLETED task."""
        self._results[job_id, index] = result

    def reported(self, job_id: str, index: int) -> None:
        """Record that the outcome of a completed task was accepted."""
        self._accepted.add((job_id, index))

    def leased(self, job_id: str, chunk: int, epoch: int) -> None:
        """Record that a lease was granted to a worker."""
        cancelled = self._cancelled.get(job_id)
        if cancelled is not None:
            self.check(
                "a lease written after a cancel was acknowledged is not granted",
                self._granted_at.get((job_id, chunk, epoch), 0.0) <= cancelled,
                f"{job_id} {chunk} {epoch}",
            )

    # Rest.

    def jobs_at_rest(self, jobs: Mapping[str, Job]) -> None:
        """Acknowledged changes of jobs are durable."""
        for job_id in self._tenants:
            self.check("a submitted job exists", job_id in jobs or self.late, job_id)
        for job_id in self._cancelled.keys() & jobs.keys():
            job = jobs[job_id]
            cancelled = job.status is JobStatus.CANCELLED
            self.check("a job whose cancel was acknowledged is CANCELLED", cancelled, shown(job))
        for job_id in self._deleted & jobs.keys():
            gone = jobs[job_id].deleted_at is not None
            self.check("a job whose delete was acknowledged does not exist", gone, job_id)
        for job_id, changes in self._changes.items():
            if job_id not in jobs:
                continue
            spec = jobs[job_id].spec
            for name, value in changes.items():
                stands = getattr(spec, name) == value
                self.check("an acknowledged change is durable", stands, f"{name} {value} {spec}")

    def job_at_rest(
        self,
        job: Job,
        rows: Sequence[Chunk],
        parts: Mapping[PartKey, Sequence[Outcome]],
        tallies: Sequence[Tally],
        sums: Mapping[int, Sum],
    ) -> None:
        """A job and its rows when nothing moves."""
        for row in rows:
            self._chunk_at_rest(row, parts)
        if job.live or job.counts is None:
            return
        known = [  # a row that was not reset for this generation counts only its completed tasks
            row.counts
            if row.generation == job.generation
            else Counts(completed=row.counts.completed)
            for row in rows
        ]
        counts = Counts.total([Counts(), *known])
        told = (job.counts.completed, job.counts.failed)
        self.check(
            "the counts of a closed job equal its rows",
            told == (counts.completed, counts.failed) or len(rows) < job.chunks,
            f"{job.counts} and {counts}: {shown(job)} {shown(list(rows))}",
        )
        if job.status is JobStatus.COMPLETED:
            ended = counts.completed + counts.failed == job.task_count
            well = counts.failed <= (job.spec.max_failed or 0)
            self.check("COMPLETED means that all tasks ended well", ended and well, shown(job))
        self._tallies_at_rest(job, rows, tallies, sums)

    def _chunk_at_rest(self, row: Chunk, parts: Mapping[PartKey, Sequence[Outcome]]) -> None:
        for offset, letter in enumerate(row.statuses):
            task = row.job, row.first + offset
            if task in self._accepted or task in self._results:
                self.check(
                    "an accepted outcome is durable", letter == "C", f"{task[1]}: {shown(row)}"
                )
            if letter not in "CF":
                continue
            key = row.part_of(offset)
            told = [o for o in parts.get(key, ()) if o.index == task[1]] if key else []
            fits = bool(told) and (told[-1].error is None) == (letter == "C")
            self.check("a task ends with its accepted outcome", fits, f"{task[1]}: {shown(row)}")
            if fits and task in self._results:
                stands = told[-1].result == self._results[task]
                self.check("an acknowledged result does not change", stands, f"{task[1]}: {told}")

    def _tallies_at_rest(
        self,
        job: Job,
        rows: Sequence[Chunk],
        tallies: Sequence[Tally],
        sums: Mapping[int, Sum],
    ) -> None:
        entries = {tally.number: tally.entries for tally in tallies}
        for row in rows:
            number, slot = address(row.number, job.chunks)
            entry = entries.get(number, {}).get(slot)
            if entry is None:
                continue
            ahead = entry.version > row.version
            self.check("no entry is ahead of its row", not ahead, f"{entry}: {shown(row)}")
            if entry.version == row.version:
                self.check(
                    "an entry equals its row", entry == Entry.of(row), f"{entry}: {shown(row)}"
                )
        summed = total(sums, job.chunks) if job.chunks else None
        if summed is not None and len(rows) == job.chunks:
            counts = Counts.total([Counts(), *(row.counts for row in rows)])
            self.check("sums equal rows at rest", summed == counts, f"{summed} and {counts}")
