"""What is done with some failed tasks: whether there are such, and then a retry or a discard."""

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
"""Pages of failures that are searched for a cause; behind them it is taken at its word."""
SAMPLED_CHUNKS: Final = 1_000
"""Chunks with failures that a canary is taken from."""
_NAMED: Final = 5


@dataclass(frozen=True, slots=True)
class Retries:
    """Refuses what would concern no task."""

    job_control: JobControl
    jobs: JobStore
    failure_groups: FailureQueries
    chunks: ChunkStore

    def retry(self, tenant: str, job_id: str, selection: Selection | None) -> Job:
        """As `JobControl.retry`.

        Raises InvalidRequest for a task that the job does not have, IllegalMove for one that has
        not failed and for a cause that no failed task has.
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
        """Retry a share of the failed tasks that the selection takes; the rest if enough succeed.

        Raises as `retry` does. The share is of those that a look at the first chunks with failures
        finds.
        """
        job = owned_job(self.jobs, tenant, job_id)
        chosen = selection or Selection()
        if job.live:
            same = job.canary is not None and job.canary.asked == (chosen, share, bar)
            if same and job.generation > 1:
                return job
            raise IllegalMove(f"job {job_id} is {job.status}; a canary is of one that FAILED")
        self._check(job, chosen)
        found, more = self._found(job, chosen)
        if not found:
            raise IllegalMove("every failed task that this would retry is discarded")
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
        """The failed tasks that it takes, of so many chunks, and whether there may be more."""
        suspects = self.failure_groups.candidate_chunks(job, 0)
        found: list[int] = []
        for numbers in batched(islice(suspects, SAMPLED_CHUNKS), READ_AT_ONCE, strict=False):
            rows = self.chunks.get_many(job.id, numbers)
            for chunk, offsets in selected_failures(self.chunks, job, rows, chosen):
                found += [chunk.first + offset for offset in offsets]
        return found, next(suspects, None) is not None

    def discard(self, tenant: str, job_id: str, discard: Discard) -> Job:
        """As `JobControl.discard`; raises as `retry` does."""
        job = owned_job(self.jobs, tenant, job_id)
        if not job.live:
            self._check(job, discard.selection)
        return self.job_control.discard(tenant, job_id, discard)

    def _check_some_left(self, job: Job) -> None:
        """Raise IllegalMove if a retry of all would find nothing but what was discarded."""
        if job.counts is None or job.counts.cancelled:
            return
        for page in self._pages(job):
            if page.counted > page.discarded:
                return
            if page.next_index is None:
                raise IllegalMove(
                    "every failed task of the job is discarded; name a cause or indices to run "
                    "them all the same"
                )

    def _pages(self, job: Job) -> Iterator[FailurePage]:
        """The failures page by page, as far as a request looks."""
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
                raise IllegalMove(f"no task of the job has failed of the cause {cause}")

    def _not_failed(self, job: Job, selection: Selection) -> list[int]:
        """The tasks that it names which have not failed."""
        runs = selection.runs or ()
        if runs and runs[-1][1] > (job.task_count or 0):
            detail = f"the job has {job.task_count or 0} tasks, and none with the index "
            detail += str(runs[-1][1] - 1)
            raise InvalidRequest(detail, [("indices", detail)])
        wanted: dict[int, list[int]] = {}
        for first, end in runs:
            for index in range(first, end):
                wanted.setdefault(index // (job.chunk_size or 1), []).append(index)
        found: dict[int, Chunk] = {}
        for numbers in batched(wanted, READ_AT_ONCE, strict=False):
            found |= {each.number: each for each in self.chunks.get_many(job.id, numbers)}
        return [
            index
            for number, indices in wanted.items()
            for index in indices
            if number not in found
            or visible_status(job, found[number], index - found[number].first)
            is not TaskStatus.FAILED
        ]
