"""What the dead-letter queue saw, by job and cause: noted, counted, shown."""

from collections.abc import Sequence
from dataclasses import dataclass

from shoal.domain.dead_letter import PLACE, DeadCause, DeadLetter, DeadLetters
from shoal.domain.errors import Unavailable, WriteConflict
from shoal.domain.job import Job
from shoal.domain.pages import checked_start
from shoal.ports.chunks import ChunkStore
from shoal.ports.clock import Clock
from shoal.ports.dead_letters import DeadLetterPage, DeadLetterStore
from shoal.ports.jobs import JobStore
from shoal.ports.metrics import Metrics
from shoal.service.job_access import owned_job

TRIES = 20


@dataclass(frozen=True, slots=True)
class DeadLetterTracker:
    """Knows nothing of what is done about a letter; that is the recovery's."""

    letters: DeadLetterStore
    jobs: JobStore
    chunks: ChunkStore
    metrics: Metrics
    clock: Clock

    def count(self) -> None:
        """One more was seen, whosever it is; an alarm hangs on it."""
        self.metrics.dead_letter()

    def record(self, job_id: str, number: int, receives: int) -> None:
        """Write it down under its job; of a job or chunk that is not there nothing is written.

        Raises Unavailable if other writes keep coming first. A letter that comes again, since what
        was done about it failed, counts again.
        """
        job, chunk = self.jobs.get(job_id), self.chunks.get(job_id, number)
        if job is None or chunk is None:
            return
        now = self.clock.now()
        letter = DeadLetter(number, chunk.first, receives, now)
        self._add(job, DeadCause.of(job, chunk, now), letter)

    def of_job(self, tenant: str, job_id: str) -> Sequence[DeadLetters]:
        """Those of a job, newest first; raise JobNotFound if it is not the tenant's."""
        owned_job(self.jobs, tenant, job_id)
        found = self.letters.of_job(job_id)
        return sorted(found, key=lambda each: each.place, reverse=True)

    def of_tenant(self, tenant: str, *, limit: int, start: str | None) -> DeadLetterPage:
        """Those of a tenant's jobs, by when the first of their job and cause came, newest first."""
        return self.letters.of_tenant(tenant, limit=limit, start=checked_start(start, PLACE))

    def _add(self, job: Job, cause: DeadCause, letter: DeadLetter) -> None:
        for _ in range(TRIES):
            known = self.letters.get(job.id, cause)
            new = (
                DeadLetters.first(job, cause, letter)
                if known is None
                else known.with_letter(letter)
            )
            try:
                self.letters.put(new)
            except WriteConflict:
                continue
            return
        raise Unavailable(f"dead letters of {job.id} are written by too many at once")
