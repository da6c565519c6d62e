"""Tallies chunks, sums tallies and closes jobs. Doing any of it twice or late changes nothing.

Protocol step 5 in docs/explanation/architecture.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from shoal.domain.chunk import Chunk
from shoal.domain.counts import Counts
from shoal.domain.job import Job, JobStatus
from shoal.domain.tally import Entry, Sum, Tally, address, total
from shoal.ports.clock import Clock
from shoal.ports.jobs import JobStore
from shoal.ports.metrics import Metrics
from shoal.ports.workflow import Workflow
from shoal.service.flow_control import FlowControl
from shoal.service.job_updates import update_job


@dataclass(frozen=True, slots=True)
class Completion:
    """The steps that follow each write of a chunk's row, and each read that finds it finished."""

    jobs: JobStore
    flow_control: FlowControl
    workflow: Workflow
    clock: Clock
    metrics: Metrics

    def settle(self, job: Job, chunk: Chunk) -> None:
        """Count the chunk in the job's window if it ended, then tally it.

        In this order, a tallied end is always counted.
        """
        self.tally(job, self.flow_control.chunk_ended(job, chunk))

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
            # The job may have been planned since its tasks were counted: the others never ran.
            missing = (job.task_count or 0) - sum(counts)
            counted = counts._replace(pending=counts.pending + missing)
            closed.append(job.close(status, reason, counted, moves, self.clock.now()))
            return closed[0].continued_after_canary(job) or closed[0]

        job = update_job(self.jobs, job_id, move)
        if closed:
            self.metrics.job_closed(closed[0])
        self.wake(closed[0] if closed else job)
        return job

    def wake(self, job: Job) -> None:
        """Answer the task token of the waiting execution, if there is one."""
        if job.token is not None:
            self.workflow.answer(job.token)
