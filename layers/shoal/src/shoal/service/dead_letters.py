"""Records, counts and lists dead letters by job and cause."""

from collections.abc import Sequence
from dataclasses import dataclass

from shoal.domain.dead_letter import PLACE, DeadCause, DeadLetter, DeadLetters
from shoal.domain.job import Job
from shoal.domain.pages import checked_start
from shoal.ports.chunks import ChunkStore
from shoal.ports.clock import Clock
from shoal.ports.dead_letters import DeadLetterPage, DeadLetterStore
from shoal.ports.jobs import JobStore
from shoal.ports.metrics import Metrics
from shoal.service.job_access import owned_job
from shoal.service.job_updates import Update, update_over_version


@dataclass(frozen=True, slots=True)
class DeadLetterTracker:
    """The record of dead letters; `shoal.service.recovery` decides what happens to their chunks."""

    letters: DeadLetterStore
    jobs: JobStore
    chunks: ChunkStore
    metrics: Metrics
    clock: Clock

    def count(self) -> None:
        """Count one dead letter in the metric that the alarm watches."""
        self.metrics.dead_letter()

    def record(self, job_id: str, number: int, receives: int) -> None:
        """Record a dead letter of a job; do nothing if the job or chunk does not exist.

        Raises Unavailable after too many write conflicts. A dead letter that is redelivered,
        because its recovery failed, counts again.
        """
        job, chunk = self.jobs.get(job_id), self.chunks.get(job_id, number)
        if job is None or chunk is None:
            return
        now = self.clock.now()
        letter = DeadLetter(number, chunk.first, receives, now)
        self._add(job, DeadCause.of(job, chunk, now), letter)

    def of_job(self, tenant: str, job_id: str) -> Sequence[DeadLetters]:
        """Return the dead letters of a job, newest first; raise JobNotFound if it is not owned."""
        owned_job(self.jobs, tenant, job_id)
        found = self.letters.of_job(job_id)
        return sorted(found, key=lambda each: each.place, reverse=True)

    def of_tenant(self, tenant: str, *, limit: int, start: str | None) -> DeadLetterPage:
        """Return a tenant's dead letters per job and cause; the latest to appear comes first."""
        return self.letters.of_tenant(tenant, limit=limit, start=checked_start(start, PLACE))

    def _add(self, job: Job, cause: DeadCause, letter: DeadLetter) -> None:
        def move(known: DeadLetters | None) -> DeadLetters:
            if known is None:
                return DeadLetters.first(job, cause, letter)
            return known.with_letter(letter)

        _: Update[DeadLetters | None, DeadLetters] = update_over_version(
            lambda: self.letters.get(job.id, cause),
            move,
            self.letters.put,
            what=f"the dead letters of job {job.id}",
        )
