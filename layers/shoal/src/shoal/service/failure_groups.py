"""Groups the failed tasks of a job by cause, in bounded reads."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import batched
from typing import Final, NamedTuple

from shoal.domain.cause import Cause, cause_of
from shoal.domain.counts import TaskStatus
from shoal.domain.job import Job
from shoal.domain.outcome import TaskError
from shoal.domain.selection import Discard
from shoal.domain.tally import address
from shoal.domain.visible_status import visible_status
from shoal.ports.chunks import ChunkStore
from shoal.ports.jobs import JobStore
from shoal.service.job_queries import JobQueries
from shoal.service.read_limits import MOST_ROWS, READ_AT_ONCE
from shoal.service.retry_selection import FailedPositions, errors_of

EXAMPLES: Final = 3
MOST_CAUSES: Final = 256
"""Once it has this many causes, a page adds no chunk, to bound the size of the response."""


class FailureExample(NamedTuple):
    """The index and the message of one failed task."""

    task: int
    message: str


@dataclass(slots=True)
class FailureGroup:
    """The failed tasks of one cause on a page."""

    cause: Cause
    count: int = 0
    discarded: int = 0
    discard: Discard | None = None
    examples: list[FailureExample] = field(default_factory=list)

    def add(self, index: int, error: TaskError | None, discard: Discard | None) -> None:
        """Add a failed task, with its discard if it was discarded."""
        self.count += 1
        self.discarded += discard is not None
        self.discard = discard or self.discard
        if len(self.examples) < EXAMPLES:
            self.examples.append(FailureExample(index, "" if error is None else error.message))


class FailurePage(NamedTuple):
    """The failures of some chunks by cause, most frequent first.

    `failed` is the number of failed tasks of the whole job. `next_index` is the start of the next
    page; None at the end.
    """

    job: Job
    groups: Sequence[FailureGroup]
    failed: int
    next_index: int | None

    @property
    def counted(self) -> int:
        """The number of failures on the page."""
        return sum(each.count for each in self.groups)

    @property
    def discarded(self) -> int:
        """The number of discarded failures on the page."""
        return sum(each.discarded for each in self.groups)


@dataclass(frozen=True, slots=True)
class FailureQueries:
    """Read access to failures: the tallies, and at most 1,000 rows of chunks and outcomes."""

    job_queries: JobQueries
    jobs: JobStore
    chunks: ChunkStore

    def of_job(self, tenant: str, job_id: str, *, start: int) -> FailurePage:
        """Return the failures by cause, starting at the index `start`."""
        job, counts, _ = self.job_queries.get(tenant, job_id)
        found: dict[Cause, FailureGroup] = {}
        rows = 0
        for batch in batched(self.candidate_chunks(job, start), READ_AT_ONCE, strict=False):
            rows += len(batch)
            if rows > MOST_ROWS:
                return _page(job, found, counts.failed, batch[0] * (job.chunk_size or 1))
            failed = self._failed(job, batch, start)
            fit, rows = _fitting(failed, rows)
            errors = iter(errors_of(self.chunks, failed[:fit]))
            for chunk, offsets in failed[:fit]:
                if len(found) >= MOST_CAUSES:
                    return _page(job, found, counts.failed, chunk.first)
                for offset in offsets:
                    error = next(errors)
                    cause = cause_of(job.spec.task_type, error)
                    index = chunk.first + offset
                    discard = job.discarded(index, cause.fingerprint) if job.discards else None
                    found.setdefault(cause, FailureGroup(cause)).add(index, error, discard)
            if fit < len(failed):
                return _page(job, found, counts.failed, failed[fit][0].first)
        return _page(job, found, counts.failed, None)

    def candidate_chunks(self, job: Job, start: int) -> Iterator[int]:
        """Yield the chunks that may contain failed tasks according to their tallies."""
        if not job.planned:
            return
        tallies = {each.number: each for each in self.jobs.tallies(job.id, range(job.tallies))}
        for number in range(start // (job.chunk_size or 1), job.chunks):
            tally, slot = address(number, job.chunks)
            entry = tallies[tally].entries.get(slot) if tally in tallies else None
            if entry and (entry.counts.failed or entry.generation != job.generation):
                yield number

    def _failed(self, job: Job, numbers: Sequence[int], start: int) -> list[FailedPositions]:
        found = []
        for chunk in self.chunks.get_many(job.id, numbers):
            offsets = [
                offset
                for offset in range(chunk.size)
                if chunk.first + offset >= start
                and visible_status(job, chunk, offset) is TaskStatus.FAILED
            ]
            if offsets:
                found.append((chunk, offsets))
        return found


def _fitting(failed: Sequence[FailedPositions], rows: int) -> tuple[int, int]:
    """Return how many of the chunks fit into the row limit, and the rows read so far."""
    for fit, (chunk, offsets) in enumerate(failed):
        more = len({chunk.part_of(offset) for offset in offsets})
        if rows + more > MOST_ROWS:
            return fit, rows
        rows += more
    return len(failed), rows


def _page(
    job: Job, found: dict[Cause, FailureGroup], failed: int, next_index: int | None
) -> FailurePage:
    causes = sorted(found.values(), key=lambda each: (-each.count, each.cause.fingerprint))
    return FailurePage(job, causes, failed, next_index)
