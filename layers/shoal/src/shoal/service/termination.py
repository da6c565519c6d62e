"""Ends jobs early: after a cancel, a deadline, too many failures or a workflow failure.

Protocol step 9 in docs/explanation/architecture.md.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import batched

from shoal.domain.chunk import Chunk
from shoal.domain.counts import Counts
from shoal.domain.job import Job, JobStatus
from shoal.domain.tally import Tally, members
from shoal.ports.chunks import ChunkStore
from shoal.ports.jobs import JobStore
from shoal.service.completion import Completion
from shoal.service.job_updates import Update, read_from, update_job, update_over_version
from shoal.service.read_limits import READ_AT_ONCE


@dataclass(frozen=True, slots=True)
class Termination:
    """The early end of jobs: flag, seal, close."""

    jobs: JobStore
    chunks: ChunkStore
    completion: Completion

    def fail(self, job_id: str, generation: int, reason: str) -> Job:
        """End this generation as FAILED with a reason, unless it is already ending."""
        job = update_job(
            self.jobs,
            job_id,
            lambda row: row.stop(JobStatus.FAILED, reason) if row.may_wait(generation) else None,
        )
        return self.seal(job) if job.live and job.generation == generation else job

    def seal(self, job: Job) -> Job:
        """End the running tasks of a flagged job, then close the job.

        Chunks that never ran are unchanged; their tasks show as CANCELLED because the job is.
        """
        tallies = self.jobs.tallies(job.id, range(job.tallies))
        for numbers in open_chunks(job, tallies):
            for chunk in self.chunks.get_many(job.id, numbers):
                self._seal(job, chunk)
        tallies = self.jobs.tallies(job.id, range(job.tallies))
        return self.completion.close(
            job.id,
            job.generation,
            job.ending or JobStatus.FAILED,
            job.reason,
            counts=known_counts(job, tallies),
            moves=sum(tally.versions for tally in tallies),
        )

    def _seal(self, job: Job, chunk: Chunk) -> None:
        def move(row: Chunk | None) -> Chunk | None:
            return row.seal() if row is not None and row.may_seal(job.generation) else None

        update: Update[Chunk | None, Chunk] = update_over_version(
            read_from(chunk, lambda: self.chunks.get(job.id, chunk.number)),
            move,
            self.chunks.put,
            what=f"chunk {chunk.number} of job {job.id}",
        )
        ended = update.moved or update.row
        if ended is not None and has_untallied_outcomes(job, ended):
            self.completion.tally(job, ended)


def row_missing(chunk: int) -> str:
    """Return the reason of a job that ends because a row that it needs does not exist."""
    return f"the row of chunk {chunk} is missing; clone the job to run its tasks again"


def has_untallied_outcomes(job: Job, chunk: Chunk) -> bool:
    """Return whether the tally may lack ended tasks, because a report died before its tally."""
    return chunk.generation == job.generation and chunk.counts.pending < chunk.size


def known_counts(job: Job, tallies: Iterable[Tally]) -> Counts:
    """Return the job's counts according to its tallies; other tasks count as pending."""
    counts = Counts.total([Counts(), *(tally.counts(job.generation) for tally in tallies)])
    return counts._replace(pending=(job.task_count or 0) - sum(counts[1:]))


def open_chunks(job: Job, tallies: Iterable[Tally]) -> Iterable[tuple[int, ...]]:
    """Return the chunks that are not known to have ended, in batches for reading."""
    entries = {tally.number: tally.entries for tally in tallies}
    numbers = (
        chunk
        for tally in range(job.tallies)
        for slot, chunk in enumerate(members(tally, job.chunks))
        if (entry := entries.get(tally, {}).get(slot)) is None or not entry.ended(job.generation)
    )
    return batched(numbers, READ_AT_ONCE, strict=False)
