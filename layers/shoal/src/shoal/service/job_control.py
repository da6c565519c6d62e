"""What users do with a job that is under way, or has failed. Steps 9 and 10.

Each verb asked twice gives the same answer as once.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from shoal.domain import ids
from shoal.domain.canary import Canary
from shoal.domain.errors import IllegalMove, JobNotFound
from shoal.domain.job import LONGEST_LIFE, Job, JobStatus
from shoal.domain.selection import Discard, Selection
from shoal.ports.clock import Clock
from shoal.ports.jobs import JobStore
from shoal.ports.workflow import Workflow
from shoal.service.completion import SENT_AT_ONCE, Completion
from shoal.service.job_updates import update_job

type Move = Callable[[Job], Job | None]


@dataclass(frozen=True, slots=True)
class JobControl:
    """Cancel, pause, resume, retry, change, discard, delete. `retention` in seconds."""

    jobs: JobStore
    workflow: Workflow
    completion: Completion
    clock: Clock
    retention: int

    def cancel(self, tenant: str, job_id: str) -> Job:
        """Flag it; its execution, woken, ends what runs and closes it CANCELLED."""

        def move(job: Job) -> Job | None:
            if JobStatus.CANCELLED in (job.ending, job.status):
                return None
            return job.stop(JobStatus.CANCELLED, "cancelled by its user")

        return self._updated(tenant, job_id, move)

    def pause(self, tenant: str, job_id: str) -> Job:
        """Lease nothing more of it; what runs goes on."""

        def move(job: Job) -> Job | None:
            return None if job.paused else job.pause(self.clock.now())

        return self._updated(tenant, job_id, move)

    def resume(self, tenant: str, job_id: str) -> Job:
        """Clear the flag first; then its execution, woken, sends again what was not leased."""

        def move(job: Job) -> Job | None:
            stands = not job.stopping and not job.paused
            return None if stands else job.resume(self.clock.now())

        return self._updated(tenant, job_id, move)

    def retry(
        self,
        tenant: str,
        job_id: str,
        selection: Selection | None = None,
        canary: Canary | None = None,
    ) -> Job:
        """Run the tasks of a FAILED job that did not complete again, as its next generation.

        With a selection only the failed ones that it takes; the others stay as they are. With a
        canary the selection is what it tries.
        """

        def move(job: Job) -> Job | None:
            if job.generation > 1 and job.live:
                same = job.selection == job.chosen(selection)
                if not (same if canary is None else _is_at_canary(job, canary)):
                    raise IllegalMove(f"job {job_id} is retried already, and not with these tasks")
                return None
            if canary is not None and canary.generation != job.generation + 1:
                raise IllegalMove(f"job {job_id} was retried, and failed again, in the meantime")
            expires = int(self.clock.now()) + LONGEST_LIFE + (job.retention or self.retention)
            # What cannot be retried is not watched for it.
            again = job.retry(expires_at=expires, selection=selection, canary=canary)
            self.jobs.mark_open(job)
            return again

        job = self._updated(tenant, job_id, move)
        self._mark_again(job)
        self.workflow.start(job_id, job.generation, 1)
        return job

    def _mark_again(self, job: Job) -> None:
        """Mark a retried job open again: the sweep may have removed the first mark."""
        self.jobs.mark_open(job)

    def change(self, tenant: str, job_id: str, changes: Mapping[str, Any]) -> Job:
        """Give it another name, priority, max_parallelism or other tags, as long as it is open.

        Messages that are out already stay in the queue that they are in.
        """

        def move(job: Job) -> Job | None:
            changed = job.change(changes)
            return None if changed.spec == job.spec else changed

        job = self._updated(tenant, job_id, move)
        if "max_parallelism" in changes:
            self.completion.fill(job, most=SENT_AT_ONCE)
        return job

    def discard(self, tenant: str, job_id: str, discard: Discard) -> Job:
        """Leave failed tasks of a job that has ended for good; the same again changes nothing."""

        def move(job: Job) -> Job | None:
            said = [(each.selection, each.reason) for each in job.discards]
            stands = (discard.selection, discard.reason) in said
            return None if stands else job.discard(discard)

        return self._updated(tenant, job_id, move)

    def delete(self, tenant: str, job_id: str) -> None:
        """Show a job that has ended to nobody any more."""
        self._updated(tenant, job_id, lambda job: job.delete(self.clock.now()))

    def _updated(self, tenant: str, job_id: str, move: Move) -> Job:
        def owned(job: Job) -> Job | None:
            if not job.belongs_to(tenant):
                raise JobNotFound(job_id)
            return move(job)

        if not ids.is_job_id(job_id):  # it would be the key of another row, or of none
            raise JobNotFound(job_id)
        job = update_job(self.jobs, job_id, owned)
        self.completion.wake(job)
        return job


def _is_at_canary(job: Job, canary: Canary) -> bool:
    """Whether the job is at the canary already: the same was asked twice at a time."""
    at = job.canary
    return at is not None and (at.generation, at.asked) == (canary.generation, canary.asked)
