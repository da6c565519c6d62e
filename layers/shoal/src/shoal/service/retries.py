"""Retries and discards selections of failed tasks, after a check that they exist."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import batched, islice
from typing import Final

from shoal.domain.canary import Canary, sample_size, spread
from shoal.domain.chunk import Chunk
from shoal.domain.counts import TaskStatus
from shoal.domain.errors import IllegalMove, InvalidRequest
from shoal.domain.job import Job
from shoal.domain.selection import MOST_INDICES, Discard, Selection
from shoal.domain.visible_status import visible_status
from shoal.ports.chunks import ChunkStore
from shoal.ports.jobs import JobStore
from shoal.service.failure_groups import FailurePage, FailureQueries
from shoal.service.job_access import owned_job
from shoal.service.job_control import JobControl
from shoal.service.read_limits import READ_AT_ONCE
from shoal.service.retry_selection import selected_failures

MOST_PAGES: Final = 10
"""Pages of failures that are searched for a cause; beyond them the cause is not verified."""
SAMPLED_CHUNKS: Final = 1_000
"""Most chunks with failures from which a canary is sampled."""
_NAMED: Final = 5


@dataclass(frozen=True, slots=True)
class Retries:
    """Retries and discards. A request that matches no task is refused."""

    job_control: JobControl
    jobs: JobStore
    failure_groups: FailureQueries
    chunks: ChunkStore

    def retry(self, tenant: str, job_id: str, selection: Selection | None) -> Job:
        """Retry a job as `JobControl.retry` does, after a check of the selection.

        Raises InvalidRequest for an index that the job does not have, and IllegalMove for a task
        that has not failed or a cause that no failed task has.
        """
        job = owned_job(self.jobs, tenant, job_id)
        if selection is not None and not job.live:
            self._check(job, selection)
        if selection is None and job.discards and not job.live:
            self._check_some_left(job)
        return self.job_control.retry(tenant, job_id, selection)

    def retry_canary(
        self, tenant: str, job_id: str, selection: Selection | None, share: float, bar: float
    ) -> Job:
        """Retry a share of the selected failed tasks; the others follow if enough succeed.

        Raises the errors of `retry`. The share refers to the failures in the first
        `SAMPLED_CHUNKS` chunks with failures.
        """
        job = owned_job(self.jobs, tenant, job_id)
        chosen = selection or Selection()
        if job.live:
            same = job.canary is not None and job.canary.asked == (chosen, share, bar)
            if same and job.generation > 1:
                return job
            raise IllegalMove(f"job {job_id} is {job.status}; canary retries require a FAILED job")
        self._check(job, chosen)
        found, more = self._found(job, chosen)
        if not found:
            raise IllegalMove("all matching failed tasks are discarded")
        tried = spread(found, min(MOST_INDICES, sample_size(share, len(found))))
        canary = Canary(
            share=share,
            bar=bar,
            chosen=chosen,
            tried=len(tried),
            more=more or len(found) > len(tried) or self._never_ran(job, chosen),
            completed=job.counts.completed if job.counts else 0,
            generation=job.generation + 1,
        )
        return self.job_control.retry(tenant, job_id, Selection.of_indices(tried), canary)

    @staticmethod
    def _never_ran(job: Job, chosen: Selection) -> bool:
        return chosen.whole and bool(job.counts and job.counts.cancelled)

    def _found(self, job: Job, chosen: Selection) -> tuple[list[int], bool]:
        """Return the selected failed tasks of the sampled chunks, and whether more may exist."""
        suspects = self.failure_groups.candidate_chunks(job, 0)
        found: list[int] = []
        for numbers in batched(islice(suspects, SAMPLED_CHUNKS), READ_AT_ONCE, strict=False):
            rows = self.chunks.get_many(job.id, numbers)
            for chunk, offsets in selected_failures(self.chunks, job, rows, chosen):
                found += [chunk.first + offset for offset in offsets]
        return found, next(suspects, None) is not None

    def discard(self, tenant: str, job_id: str, discard: Discard) -> Job:
        """Discard tasks as `JobControl.discard` does; raise the errors of `retry`."""
        job = owned_job(self.jobs, tenant, job_id)
        if not job.live:
            self._check(job, discard.selection)
        return self.job_control.discard(tenant, job_id, discard)

    def _check_some_left(self, job: Job) -> None:
        """Raise IllegalMove if all failed tasks of the job are discarded."""
        if job.counts is None or job.counts.cancelled:
            return
        for page in self._pages(job):
            if page.counted > page.discarded:
                return
            if page.next_index is None:
                raise IllegalMove(
                    "all failed tasks of the job are discarded; specify a cause or indices to "
                    "retry them anyway"
                )

    def _pages(self, job: Job) -> Iterator[FailurePage]:
        """Yield up to `MOST_PAGES` pages of failures."""
        start: int | None = 0
        for _ in range(MOST_PAGES):
            if start is None:
                return
            page = self.failure_groups.of_job(job.tenant, job.id, start=start)
            yield page
            start = page.next_index

    def _check(self, job: Job, selection: Selection) -> None:
        if selection.cause is not None:
            self._check_cause(job, selection.cause)
        if selection.whole and not (job.counts and job.counts.failed):
            raise IllegalMove("no task of the job has failed")
        unfit = self._not_failed(job, selection)
        if unfit:
            more = ", …" if len(unfit) > _NAMED else ""
            named = ", ".join(map(str, unfit[:_NAMED]))
            raise IllegalMove(f"these tasks have not failed: {named}{more}")

    def _check_cause(self, job: Job, cause: str) -> None:
        for page in self._pages(job):
            if any(found.cause.fingerprint == cause for found in page.groups):
                return
            if page.next_index is None:
                raise IllegalMove(f"no failed task of the job has the cause {cause}")

    def _not_failed(self, job: Job, selection: Selection) -> list[int]:
        """Return the selected indices whose tasks have not failed."""
        runs = selection.runs or ()
        if runs and runs[-1][1] > (job.task_count or 0):
            detail = f"index {runs[-1][1] - 1} is out of range; the job has "
            detail += f"{job.task_count or 0} tasks"
            raise InvalidRequest(detail, [("indices", detail)])
        by_chunk: dict[int, list[int]] = {}
        for first, end in runs:
            for index in range(first, end):
                by_chunk.setdefault(index // (job.chunk_size or 1), []).append(index)
        found: dict[int, Chunk] = {}
        for numbers in batched(by_chunk, READ_AT_ONCE, strict=False):
            found |= {each.number: each for each in self.chunks.get_many(job.id, numbers)}
        return [
            index
            for number, indices in by_chunk.items()
            for index in indices
            if number not in found
            or visible_status(job, found[number], index - found[number].first)
            is not TaskStatus.FAILED
        ]
