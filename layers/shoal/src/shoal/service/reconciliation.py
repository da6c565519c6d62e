"""Reconciles tallies, rows and messages for MonitorCompletion; stores tokens for WaitAndRetry.

Protocol step 8 in docs/explanation/architecture.md.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import batched, chain
from typing import Final, Literal, NamedTuple

from shoal.domain.chunk import Chunk
from shoal.domain.errors import WriteConflict
from shoal.domain.job import Job, JobStatus
from shoal.domain.tally import Entry, Tally, address
from shoal.ports.chunks import ChunkStore
from shoal.ports.clock import Clock
from shoal.ports.jobs import JobStore
from shoal.ports.queues import Message, TaskQueue
from shoal.ports.workflow import Workflow
from shoal.service.completion import Completion
from shoal.service.flow_control import FlowControl
from shoal.service.job_updates import require_known, update_job
from shoal.service.read_limits import READ_AT_ONCE
from shoal.service.termination import Termination, known_counts, open_chunks, row_missing

HAND_OVER_PASSES: Final = 1_000
"""Each pass adds 13 history events. The hard limit of an execution is 25,000, ours is 20,000."""
RESEND_LEASES: Final = 5
"""A message counts as lost when it is this many leases old; the number doubles each time."""
CLOCK_SKEW: Final = 5.0
"""Seconds. Clocks differ, and a resume reads its clock before it is written, so messages sent
shortly after a resume may still have been refused as paused."""

type Decision = Literal["completed", "failed", "cancelled", "wait", "hand_over"]
_DECISIONS: Final[dict[JobStatus, Decision]] = {
    JobStatus.COMPLETED: "completed",
    JobStatus.FAILED: "failed",
    JobStatus.CANCELLED: "cancelled",
}


EXAMINED_AT_ONCE: Final = 100
"""Most rows that a pass reads in search of lost messages while other chunks of the job progress."""


class _ChunkMissing(Exception):  # noqa: N818 - reads as a noun
    """A row that every pass needs does not exist, so no pass could end the job."""


class PassState(NamedTuple):
    """The state after the previous pass; shows the next pass whether anything has changed.

    `claims` are pairs of a number of claimed chunks and a time by which they were claimed, in
    order. `place` is the chunk at which the search for lost messages continues.
    """

    versions: int = -1
    quiet: int = 0
    resumed_at: float = 0.0
    claims: Sequence[tuple[int, float]] = ()
    place: int = 0

    def claimed_by(self, time: float) -> int:
        """Return how many chunks were claimed by a time."""
        return max((count for count, at in self.claims if at <= time), default=0)


@dataclass(frozen=True, slots=True)
class NextStep:
    """The next step of the execution, and the state for its next pass."""

    decision: Decision
    state: PassState
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """Runs passes over an open job. `length` is the duration of a lease in seconds."""

    jobs: JobStore
    chunks: ChunkStore
    queue: TaskQueue
    workflow: Workflow
    completion: Completion
    flow_control: FlowControl
    termination: Termination
    clock: Clock
    length: float

    def reconcile(self, job_id: str, generation: int, passes: int, seen: PassState) -> NextStep:
        """Run one pass over a generation of a job; return the next step of its execution."""
        job = self.jobs.get(job_id)
        if job is None:
            return NextStep("cancelled", seen, "the job was deleted")
        require_known(job)
        if job.generation != generation:
            return NextStep(_DECISIONS[job.outcomes[generation]], seen)
        if job.live and job.enqueued_at is None:
            job = update_job(self.jobs, job_id, lambda row: self._enqueued(row, generation))
        if job.live:
            try:
                job, seen = self._reconcile(job, seen)
            except _ChunkMissing as missing:
                job = self.termination.fail(job_id, generation, str(missing))
        if job.generation == generation and not job.live:
            return NextStep(_DECISIONS[job.status], seen, job.reason)
        return NextStep("wait" if passes < HAND_OVER_PASSES else "hand_over", seen)

    def wait(self, job_id: str, generation: int, token: str) -> None:
        """Store the token; if the job has already changed, answer it at once."""
        job = update_job(
            self.jobs,
            job_id,
            lambda row: waiting(row, generation, token, self.clock.now()),
        )
        if job.token != token:
            self.workflow.answer(token)

    def _enqueued(self, job: Job, generation: int) -> Job | None:
        pending = job.may_wait(generation) and job.enqueued_at is None
        return job.enqueue(self.clock.now()) if pending else None

    def _reconcile(self, job: Job, seen: PassState) -> tuple[Job, PassState]:
        if job.ending is not None:
            return self.termination.seal(job), seen
        out_of_time = job.out_of_time(self.clock.now())
        if out_of_time is not None:
            return self.termination.fail(job.id, job.generation, out_of_time), seen
        tallies = self.jobs.tallies(job.id, range(job.tallies))
        counts = known_counts(job, tallies)
        if job.too_many_failed(counts.failed):
            reason = f"{counts.failed} tasks failed, more than max_failed {job.spec.max_failed}"
            return self.termination.fail(job.id, job.generation, reason), seen
        if not counts.open:
            return self._recount(job, tallies), seen
        if job.paused:
            return job, self._next(job, tallies, seen)
        state = self._next(job, tallies, seen)
        place = self._resend(job, tallies, state, resumed=job.resumed_at > seen.resumed_at)
        self.flow_control.catch_up(job, tallies)
        return job, state._replace(place=place)

    def _next(self, job: Job, tallies: Sequence[Tally], seen: PassState) -> PassState:
        now, versions = self.clock.now(), sum(tally.versions for tally in tallies)
        quiet = seen.quiet + 1 if versions == seen.versions else 0
        return PassState(versions, quiet, job.resumed_at, self._claims(job, seen, now), seen.place)

    def _claims(self, job: Job, seen: PassState, now: float) -> Sequence[tuple[int, float]]:
        """Return the claims after this pass: one a lease, and the latest one that is old enough.

        The first pass of an execution takes all claimed chunks for as old as the first ones.
        """
        claimed = self.flow_control.claimed(job)
        claims = [(count, at) for count, at in seen.claims] or [(claimed, job.enqueued_at or now)]
        if claimed > claims[-1][0] and now - claims[-1][1] >= self.length:
            claims.append((claimed, now))
        old = [each for each in claims if each[1] <= now - RESEND_LEASES * self.length]
        return (*old[-1:], *claims[len(old) :])

    def _recount(self, job: Job, tallies: Sequence[Tally]) -> Job:
        """Rebuild tallies and sums from the rows, because all tasks seem ended in an open job."""
        entries = {tally.number: tally.entries for tally in tallies}
        for first in range(0, job.chunks, 100):
            numbers = range(first, min(first + 100, job.chunks))
            for chunk in self._rows(job, numbers):
                number, slot = address(chunk.number, job.chunks)
                if entries.get(number, {}).get(slot) != Entry.of(chunk):
                    self.jobs.set_entry(job.id, number, slot, Entry.of(chunk))
        for tally in self.jobs.tallies(job.id, range(job.tallies)):
            self.completion.sum_up(job, job.generation, tally)
        return self.jobs.get(job.id) or job

    def _resend(
        self, job: Job, tallies: Sequence[Tally], state: PassState, *, resumed: bool
    ) -> int:
        """Send the chunks whose message is lost; return where the next search continues.

        All open chunks are examined after a resume, and in passes without progress whose number is
        a power of two. Other passes examine a few of the old ones, in turn.
        """
        opened = sorted(chain.from_iterable(open_chunks(job, tallies)))
        old = state.claimed_by(self.clock.now() - RESEND_LEASES * self.length)
        if resumed or state.quiet.bit_count() == 1:
            claimed = opened[: bisect_left(opened, self.flow_control.claimed(job))]
            self._examine(job, claimed, old=job.chunks if resumed else old)
            return state.place
        waiting = opened[: bisect_left(opened, old)]
        begin = bisect_left(waiting, state.place)
        numbers = [*waiting[begin:], *waiting[:begin]][:EXAMINED_AT_ONCE]
        self._examine(job, numbers, old=old)
        return numbers[-1] + 1 if len(waiting) > EXAMINED_AT_ONCE else 0

    def _examine(self, job: Job, numbers: Sequence[int], *, old: int) -> None:
        """Settle the chunks that have ended; send those of the first `old` ones that are lost."""
        for batch in batched(numbers, READ_AT_ONCE, strict=False):
            rows = self._rows(job, batch)
            for chunk in rows:
                if chunk.finished:  # its row was written, but not its tally
                    self.completion.settle(job, chunk)
            lost = [chunk for chunk in rows if chunk.number < old and self._lost(job, chunk)]
            if lost:
                messages = [Message(job.id, chunk.number) for chunk in lost]
                self.queue.send(job.spec.priority, messages, tenant=job.tenant)
            for chunk in lost:
                self._stamp(chunk)

    def _rows(self, job: Job, numbers: Sequence[int]) -> list[Chunk]:
        """Return rows of an enqueued job; raise _ChunkMissing if a row does not exist."""
        rows = self.chunks.get_many(job.id, numbers)
        if len(rows) < len(numbers):
            known = {row.number for row in rows}
            raise _ChunkMissing(row_missing(next(n for n in numbers if n not in known)))
        return rows

    def _lost(self, job: Job, chunk: Chunk) -> bool:
        """Return whether the chunk waits for a worker and its message counts as lost."""
        now = self.clock.now()
        if chunk.finished or chunk.generation != job.generation or chunk.due_at(now) > now:
            return False
        if chunk.sent_at < job.resumed_at + CLOCK_SKEW:
            return True
        timeout = RESEND_LEASES * self.length * 2.0 ** (chunk.sends - 1)
        return now - max(chunk.sent_at, job.enqueued_at or now) >= timeout

    def _stamp(self, chunk: Chunk) -> None:
        try:
            self.chunks.put(chunk.sent(self.clock.now()))
        except WriteConflict:
            return  # a worker has it: it was not lost


def waiting(job: Job, generation: int, token: str, now: float) -> Job | None:
    """Return the job with the token of its execution, or None if it must not wait."""
    return job.wait(token, now) if job.may_wait(generation) else None
