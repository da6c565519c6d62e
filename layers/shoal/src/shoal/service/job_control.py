"""Cancels, pauses, resumes, retries, changes, discards and deletes jobs.

Every verb is idempotent. Protocol steps 9 and 10 in docs/explanation/architecture.md.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from shoal.domain import ids
from shoal.domain.canary import Canary
from shoal.domain.errors import IllegalMove, JobNotFound
from shoal.domain.job import Job, JobStatus
from shoal.domain.selection import Discard, Selection
from shoal.ports.clock import Clock
from shoal.ports.jobs import JobStore
from shoal.ports.workflow import Workflow
from shoal.service.completion import Completion
from shoal.service.flow_control import CLAIMED_PER_REQUEST, FlowControl
from shoal.service.job_updates import update_job

type Move = Callable[[Job], Job | None]


@dataclass(frozen=True, slots=True)
class JobControl:
    """The verbs that users apply to a job."""

    jobs: JobStore
    workflow: Workflow
    completion: Completion
    flow_control: FlowControl
    clock: Clock

    def cancel(self, tenant: str, job_id: str) -> Job:
        """Flag the job and wake its execution, which ends the running tasks and closes the job."""

        def move(job: Job) -> Job | None:
            if JobStatus.CANCELLED in (job.ending, job.status):
                return None
            return job.stop(JobStatus.CANCELLED, "cancelled by its user")

        return self._updated(tenant, job_id, move)

    def pause(self, tenant: str, job_id: str, *, generation: int | None = None) -> Job:
        """Stop leasing chunks of the job; running tasks continue.

        With a generation, raises IllegalMove if a later one has begun.
        """

        def move(job: Job) -> Job | None:
            _check_generation(job, generation)
            return None if job.paused else job.pause(self.clock.now())

        return self._updated(tenant, job_id, move)

    def resume(self, tenant: str, job_id: str, *, generation: int | None = None) -> Job:
        """Clear the flag, then wake the execution, which resends the chunks without a lease.

        With a generation, raises IllegalMove if a later one has begun.
        """

        def move(job: Job) -> Job | None:
            _check_generation(job, generation)
            repeated = job.resumed_at > 0.0  # maybe the job has ended since
            unchanged = not job.paused and (repeated or not job.stopping)
            return None if unchanged else job.resume(self.clock.now())

        return self._updated(tenant, job_id, move)

    def retry(
        self,
        tenant: str,
        job_id: str,
        selection: Selection | None = None,
        canary: Canary | None = None,
        *,
        generation: int | None = None,
    ) -> Job:
        """Retry the tasks of a FAILED job that did not complete, as its next generation.

        A selection limits the retry to matching failed tasks; the others are unchanged. With a
        canary, the selection is the canary's sample. With a generation, nothing happens if a later
        one has begun: the request is a repeat.
        """

        def move(job: Job) -> Job | None:
            if generation is not None and job.generation > generation:
                return None
            if job.generation > 1 and job.live:
                same = job.selection == job.chosen(selection)
                if not (same if canary is None else _is_at_canary(job, canary)):
                    raise IllegalMove(f"job {job_id} is already being retried with other tasks")
                return None
            if canary is not None and canary.generation != job.generation + 1:
                raise IllegalMove(f"job {job_id} was retried and failed again in the meantime")
            retried = job.retry(self.clock.now(), selection=selection, canary=canary)
            self.jobs.check_size(retried)
            return retried

        job = self._updated(tenant, job_id, move)
        self.workflow.start(job_id, job.generation, 1)
        return job

    def change(self, tenant: str, job_id: str, changes: Mapping[str, Any]) -> Job:
        """Change the name, priority, max_parallelism or tags of an open job.

        Messages that were already sent stay in their queue.
        """

        def move(job: Job) -> Job | None:
            if replace(job.spec, **changes) == job.spec:  # a repeat; maybe the job has ended since
                return None
            changed = job.change(changes)
            self.jobs.check_size(changed)
            return changed

        if "max_parallelism" not in changes:
            return self._updated(tenant, job_id, move)
        job = self._updated(tenant, job_id, move, write=self._write_resized)
        self.flow_control.fill(job, most=CLAIMED_PER_REQUEST)
        return job

    def _write_resized(self, job: Job) -> None:
        """Write the job, and its window with the same transaction if it has one."""
        if job.opening is None:
            self.jobs.put(job)
        else:
            self.flow_control.resize(job)

    def discard(self, tenant: str, job_id: str, discard: Discard) -> Job:
        """Discard failed tasks of an ended job; repeating the request changes nothing."""

        def move(job: Job) -> Job | None:
            existing = [(each.selection, each.reason) for each in job.discards]
            if (discard.selection, discard.reason) in existing:
                return None
            discarded = job.discard(discard)
            self.jobs.check_size(discarded)
            return discarded

        return self._updated(tenant, job_id, move)

    def delete(self, tenant: str, job_id: str) -> bool:
        """Hide an ended job from all queries; return whether it was not deleted before."""
        reads: list[Job] = []

        def move(job: Job) -> Job | None:
            reads.append(job)
            return None if job.deleted_at is not None else job.delete(self.clock.now())

        self._updated(tenant, job_id, move, deleted_too=True)
        return reads[0].deleted_at is None

    def _updated(
        self,
        tenant: str,
        job_id: str,
        move: Move,
        *,
        write: Callable[[Job], None] | None = None,
        deleted_too: bool = False,
    ) -> Job:
        def owned(job: Job) -> Job | None:
            if job.tenant != tenant or (job.deleted_at is not None and not deleted_too):
                raise JobNotFound(job_id)
            return move(job)

        if not ids.is_job_id(job_id):  # it could be the key of another kind of row
            raise JobNotFound(job_id)
        job = update_job(self.jobs, job_id, owned, write=write)
        self.completion.wake(job)
        return job


def _check_generation(job: Job, generation: int | None) -> None:
    """Raise IllegalMove if a generation after this one has begun."""
    if generation is not None and job.generation > generation:
        raise IllegalMove(f"job {job.id} was retried in the meantime")


def _is_at_canary(job: Job, canary: Canary) -> bool:
    """Return whether the job runs this canary, because two equal requests were concurrent."""
    current = job.canary
    return current is not None and (current.generation, current.asked) == (
        canary.generation,
        canary.asked,
    )
