"""Tallies chunks, sums tallies and closes jobs. Doing any of it twice or late changes nothing.

Protocol step 5 in docs/explanation/architecture.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from shoal.domain.chunk import Chunk
from shoal.domain.counts import Counts
from shoal.domain.errors import WriteConflict
from shoal.domain.job import Job, JobStatus
from shoal.domain.tally import Entry, Sum, Tally, address, members, total
from shoal.ports.chunks import ChunkStore
from shoal.ports.clock import Clock
from shoal.ports.jobs import JobStore
from shoal.ports.metrics import Metrics
from shoal.ports.queues import Message, TaskQueue
from shoal.ports.workflow import Workflow
from shoal.service.job_updates import TRIES, update_job

SENT_AT_ONCE = 1_000
"""Most chunks that a request sends when a window has grown; the monitor sends the others."""


@dataclass(frozen=True, slots=True)
class Completion:
    """The steps that follow each write of a chunk's row, and each read that finds it finished."""

    jobs: JobStore
    chunks: ChunkStore
    queue: TaskQueue
    workflow: Workflow
    clock: Clock
    metrics: Metrics

    def settle(self, job: Job, chunk: Chunk) -> None:
        """Tally the chunk; if it ended, send the next chunk of the job's window."""
        chunk = self.advance_window(job, chunk)
        self.tally(job, chunk)
        self.refill_window(job, chunk)

    def advance_window(self, job: Job, chunk: Chunk) -> Chunk:
        """Send the successor of a chunk that ended, unless the window was changed."""
        if not chunk.finished or job.opening is None:
            return chunk
        changed = job.window is not None
        return chunk if changed and chunk.successor is None else self._advance(job, chunk)

    def refill_window(self, job: Job, chunk: Chunk) -> None:
        """Fill a changed window if the chunk ended; the chunk must be tallied first."""
        if chunk.finished and job.window is not None:
            self.fill(job, most=SENT_AT_ONCE)

    def fill(self, job: Job, *, most: int) -> None:
        """Send up to `most` chunks for which a changed window has room.

        A chunk counts as sent once it was claimed, until its tally shows that it has ended. A claim
        never exceeds the window, so concurrent calls do not exceed it either.
        """
        opening = job.window
        if opening is None or job.enqueued_at is None or job.paused or job.stopping:
            return
        width = job.spec.max_parallelism or job.chunks
        for _ in range(TRIES):
            sent = self.jobs.cursor(job.id, job.generation) or opening
            if sent >= job.chunks:
                return
            end = min(job.chunks, self._ended(job, sent) + width)
            count = min(most, end - sent)
            if count <= 0:
                return
            first = self.jobs.claim(
                job.id,
                job.generation,
                first=opening,
                end=end,
                expires_at=job.expires_at,
                count=count,
            )
            if first is not None:
                most -= count
                messages = [Message(job.id, number) for number in range(first, first + count)]
                self.queue.send(job.spec.priority, messages, tenant=job.tenant)

    def _ended(self, job: Job, sent: int) -> int:
        """Return how many of the first `sent` chunks have ended according to their tallies."""
        return sum(
            members(tally.number, job.chunks)[slot] < sent
            for tally in self.jobs.tallies(job.id, range(job.tallies))
            for slot, entry in tally.entries.items()
            if entry.ended(job.generation)
        )

    def tally(self, job: Job, chunk: Chunk) -> Entry:
        """SET the chunk's entry, sum and close if it was the last; return the current entry."""
        number, slot = address(chunk.number, job.chunks)
        tally = self.jobs.set_entry(job.id, number, slot, Entry.of(chunk))
        self.sum_up(job, chunk.generation, tally)
        return tally.entries[slot]

    def sum_up(self, job: Job, generation: int, tally: Tally) -> None:
        """SET the tally's sum if it is complete; close the job if that was the last."""
        each = tally.sum(generation, job.chunks)
        if each is None:
            return
        sums = self.jobs.set_sum(job.id, generation, tally.number, each, expires_at=job.expires_at)
        self.close_complete(job, generation, sums)

    def close_complete(self, job: Job, generation: int, sums: Mapping[int, Sum]) -> None:
        """Close the job if the sums show that every task has ended."""
        counts = total(sums, job.chunks)
        if counts is not None:
            status, reason = job.verdict(counts)
            moves = sum(each.versions for each in sums.values())
            self.close(job.id, generation, status, reason, counts=counts, moves=moves)

    def close(
        self,
        job_id: str,
        generation: int,
        status: JobStatus,
        reason: str | None,
        *,
        counts: Counts,
        moves: int,
    ) -> Job:
        """Close this generation of the job, unless it is closed, and wake its execution.

        After a canary that passed, the same write starts the next generation. Its execution is
        started once the current execution has ended.

        `moves` is the total of the versions from which `counts` were computed.
        """
        closed: list[Job] = []

        def move(job: Job) -> Job | None:
            closed.clear()
            if not job.may_close(generation):
                return None
            closed.append(job.close(status, reason, counts, moves, self.clock.now()))
            return closed[0].continued_after_canary() or closed[0]

        job = update_job(self.jobs, job_id, move)
        if closed:
            self.metrics.job_closed(closed[0])
        self.wake(closed[0] if closed else job)
        return job

    def wake(self, job: Job) -> None:
        """Answer the task token of the waiting execution, if there is one."""
        if job.token is not None:
            self.workflow.answer(job.token)

    def _advance(self, job: Job, chunk: Chunk) -> Chunk:
        """Send the chunk that follows this one in the job's window; a repeat sends the same chunk.

        A successor that a worker has leased is not sent again: its message arrived, and a second
        one would resend its own successor, and so on to the end of the job.
        """
        window, successor = job.opening or 0, chunk.successor
        if successor is None:
            successor = self.jobs.claim(
                job.id, chunk.generation, first=window, end=job.chunks, expires_at=job.expires_at
            )
            if successor is None:
                return chunk
            chunk = chunk.succeeded_by(successor)
            try:
                self.chunks.put(chunk)
            except WriteConflict:
                return self.chunks.get(job.id, chunk.number) or chunk
        else:
            following = self.chunks.get(job.id, successor)
            if following is not None and following.begun:
                return chunk
        message = Message(job.id, successor)
        self.queue.send(job.spec.priority, [message], tenant=job.tenant)
        return chunk
