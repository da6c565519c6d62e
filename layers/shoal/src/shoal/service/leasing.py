"""Grants leases, renews them, and folds reported outcomes into the rows of chunks.

Protocol steps 3, 4 and 6 in docs/explanation/architecture.md.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from statistics import fmean
from typing import NamedTuple

from shoal.domain.chunk import Accepted, Chunk, CurrentTask, Finished, Granted, Held, Lease, Stale
from shoal.domain.errors import IllegalMove, Unavailable, WriteConflict
from shoal.domain.grid import Json
from shoal.domain.job import Job, JobStatus
from shoal.domain.outcome import Origin, OutcomeReport, PartKey, worker_died
from shoal.ports.blobs import UploadLink
from shoal.ports.chunks import ChunkStore
from shoal.ports.clock import Clock, Entropy
from shoal.ports.jobs import JobStore
from shoal.ports.metrics import Metrics
from shoal.ports.queues import Message, TaskQueue
from shoal.ports.task_types import TypeRegistry
from shoal.service.completion import Completion
from shoal.service.inputs import Inputs, LinkedInputs
from shoal.service.job_updates import TRIES, update_job

UPLOAD_SECONDS = 900
RESET_SECONDS = 5.0
"""The delay of a message whose chunk has not been reset for the job's new generation yet."""


class ChunkRef(NamedTuple):
    """The chunk that a message refers to."""

    job: str
    chunk: int


@dataclass(frozen=True, slots=True)
class LeaseGranted:
    """A granted lease of the tasks at `offsets`, with their individual inputs or a link to them."""

    job: Job
    chunk: Chunk
    offsets: tuple[int, ...]
    inputs: list[dict[str, Json]] | LinkedInputs


@dataclass(frozen=True, slots=True)
class LeaseRefused:
    """A refused lease. Delete the message on `done`, `cancelled` or `paused`; hide it on `held`."""

    decision: str
    retry_after: float | None = None


class LeaseRenewal(NamedTuple):
    """The heartbeat of one lease."""

    job: str
    chunk: int
    epoch: int
    current_task: CurrentTask | None


class RenewalDecision(NamedTuple):
    """A decision (`extended`, `stale` or `cancelled`), the new expiry, and a directive."""

    decision: str
    until: float | None = None
    directive: str | None = None


@dataclass(frozen=True, slots=True)
class Leasing:
    """The protocol with workers. `length` is the duration of a lease in seconds."""

    jobs: JobStore
    chunks: ChunkStore
    queue: TaskQueue
    types: TypeRegistry
    inputs: Inputs
    completion: Completion
    clock: Clock
    entropy: Entropy
    metrics: Metrics
    length: float

    def lease(
        self, worker: str, request: str, refs: Sequence[ChunkRef]
    ) -> list[LeaseGranted | LeaseRefused]:
        """Grant the chunks that are free; a repeated request id gets the same grants again."""
        jobs = self.jobs.get_many({ref.job for ref in refs})
        rows = self._rows(refs)
        grants = [self._grant(jobs.get(ref.job), rows.get(ref), worker, request) for ref in refs]
        jobs = self._recheck(
            {ref.job for ref, grant in zip(refs, grants, strict=True) if isinstance(grant, Granted)}
        )
        return [
            self._answer(jobs.get(ref.job), grant) for ref, grant in zip(refs, grants, strict=True)
        ]

    def _rows(self, refs: Sequence[ChunkRef]) -> dict[ChunkRef, Chunk]:
        by_job = groupby(sorted(set(refs)), key=attrgetter("job"))
        found = (
            chunk
            for job_id, group in by_job
            for chunk in self.chunks.get_many(job_id, [ref.chunk for ref in group])
        )
        return {ChunkRef(chunk.job, chunk.number): chunk for chunk in found}

    def _grant(
        self, job: Job | None, chunk: Chunk | None, worker: str, request: str
    ) -> Granted | LeaseRefused:
        if job is None or chunk is None:
            return LeaseRefused("cancelled")
        if not (job.known and chunk.known):
            return LeaseRefused("held", RESET_SECONDS)
        if job.stopping:
            self._wake_if_closed(job)
            return LeaseRefused("cancelled")
        if chunk.generation != job.generation:
            return LeaseRefused("held", RESET_SECONDS)
        if job.paused and not chunk.finished:
            return LeaseRefused("paused")
        return self._grant_row(job, chunk, worker, request)

    def _grant_row(
        self, job: Job, chunk: Chunk, worker: str, request: str
    ) -> Granted | LeaseRefused:
        for _ in range(TRIES):
            now = self.clock.now()
            grant = chunk.grant(worker, request, now, self.length)
            if isinstance(grant, Held):
                return LeaseRefused("held", grant.until - now)
            if isinstance(grant, Finished):
                return self._refuse_finished(job, chunk)
            if grant.again:
                return grant
            try:
                self._write_grant(job, chunk.lease, grant, now)
            except WriteConflict:
                fresh = self.chunks.get(job.id, chunk.number)
                if fresh is None:
                    return LeaseRefused("cancelled")
                chunk = fresh
                continue
            self.completion.settle(job, grant.chunk)
            return LeaseRefused("done") if grant.chunk.finished else grant
        raise Unavailable(f"too many concurrent updates to chunk {chunk.number} of job {job.id}")

    def _refuse_finished(self, job: Job, chunk: Chunk) -> LeaseRefused:
        """Settle a finished chunk again, because the request that finished it may have died."""
        self.completion.settle(job, chunk)
        return LeaseRefused("done")

    def _write_grant(self, job: Job, lapsed: Lease | None, grant: Granted, now: float) -> None:
        chunk, dead = grant.chunk, grant.dead
        if dead is not None:
            verdict = worker_died(chunk.first + dead, chunk.attempts[dead], now)
            key = chunk.part_key(chunk.epoch, 0)
            origin = Origin(lapsed.worker if lapsed else "", chunk.generation)
            self.chunks.put_part(key, [verdict], origin=origin, expires_at=chunk.expires_at)
        self.chunks.put(chunk)
        if dead is not None:
            self.metrics.tasks_ended(job.spec.task_type, completed=0, failed=1)

    def _recheck(self, granted: set[str]) -> dict[str, Job]:
        """Read the jobs again after the grants were written, so that an earlier cancel applies."""
        jobs = dict(self.jobs.get_many(granted)) if granted else {}
        for job_id, job in jobs.items():
            if not job.stopping and job.status is not JobStatus.RUNNING:
                jobs[job_id] = update_job(self.jobs, job_id, self._start)
        return jobs

    def _start(self, job: Job) -> Job | None:
        if job.stopping or job.status is JobStatus.RUNNING:
            return None
        return job.start(self.clock.now())

    def _answer(
        self, job: Job | None, grant: Granted | LeaseRefused
    ) -> LeaseGranted | LeaseRefused:
        if isinstance(grant, LeaseRefused):
            return grant
        if job is None or job.stopping:
            return LeaseRefused("cancelled")
        offsets = grant.chunk.running
        return LeaseGranted(
            job, grant.chunk, offsets, self.inputs.own_inputs(job, grant.chunk, offsets)
        )

    def _wake_if_closed(self, job: Job) -> None:
        if job.closed:
            self.completion.wake(job)

    def heartbeat(self, worker: str, renewals: Sequence[LeaseRenewal]) -> list[RenewalDecision]:
        """Renew the worker's leases; return which it lost, and the directives for the others."""
        jobs = self.jobs.get_many({each.job for each in renewals})
        return [self._renew(worker, jobs.get(each.job), each) for each in renewals]

    def _renew(self, worker: str, job: Job | None, renewal: LeaseRenewal) -> RenewalDecision:
        if job is None or job.stopping:
            return RenewalDecision("cancelled", directive="cancel")

        def extend(chunk: Chunk) -> Accepted | Stale:
            return chunk.extend(renewal.epoch, renewal.current_task, self.clock.now(), self.length)

        extended = self._write(worker, renewal.job, renewal.chunk, extend)
        if isinstance(extended, Stale) or extended.chunk.lease is None:
            return RenewalDecision("stale")
        return RenewalDecision(
            "extended", extended.chunk.lease.until, "pause" if job.paused else None
        )

    def report(self, worker: str, reports: Sequence[OutcomeReport]) -> list[str]:
        """Fold outcomes into rows; return `accepted`, `stale` or `cancelled` for each report.

        An epoch is a small number that is easy to guess, so the lease must also be the worker's.
        """
        jobs = self.jobs.get_many({report.key.job for report in reports})
        return [self._report(worker, jobs.get(report.key.job), report) for report in reports]

    def part_upload(self, worker: str, key: PartKey, size: int) -> UploadLink:
        """Return the link to upload outcomes that are too large for a report.

        Raises IllegalMove if the worker has lost its lease.
        """
        chunk = self.chunks.get(key.job, key.chunk)
        lost = chunk is None or chunk.is_stale(key.epoch) or chunk.lease is None
        if chunk is None or lost or chunk.leased_by_other(worker):
            leased = f"chunk {key.chunk} of job {key.job}"
            raise IllegalMove(f"{leased} is not leased to this worker at epoch {key.epoch}")
        origin = Origin(worker, chunk.generation)
        return self.chunks.part_upload(key, size, origin=origin, seconds=UPLOAD_SECONDS)

    def _report(self, worker: str, job: Job | None, report: OutcomeReport) -> str:
        if job is None or job.stopping:
            if job is not None:
                self._wake_if_closed(job)
            return "cancelled"
        jitter, before = self.entropy.uniform(), [0, 0]

        def fold(chunk: Chunk) -> Accepted | Stale:
            before[:] = chunk.counts.completed, chunk.counts.failed
            folded = chunk.report(
                epoch=report.key.epoch,
                number=report.key.report,
                final=report.final,
                outcomes=report.outcomes,
                policy=job.spec.policy,
                jitter=jitter,
                now=self.clock.now(),
                length=self.length,
            )
            if isinstance(folded, Accepted) and not folded.again:
                self._write_part(worker, folded.chunk, report)
            return folded

        folded = self._write(worker, report.key.job, report.key.chunk, fold)
        if isinstance(folded, Stale):
            self.metrics.stale_report()
            return "stale"
        if not folded.again:
            self._measure(job, folded.chunk, report, *before)
        self._follow_up(job, folded)
        return "accepted"

    def _follow_up(self, job: Job, folded: Accepted) -> None:
        """Settle the chunk and resend it if tasks are left. A repeated report does so again."""
        self.completion.settle(job, folded.chunk)
        self._send_rest(job, folded.chunk)

    def _write(
        self, worker: str, job_id: str, number: int, move: Callable[[Chunk], Accepted | Stale]
    ) -> Accepted | Stale:
        for _ in range(TRIES):
            chunk = self.chunks.get(job_id, number)
            if chunk is None or chunk.leased_by_other(worker):
                return Stale()
            moved = move(chunk)
            if isinstance(moved, Stale) or moved.again:
                return moved
            try:
                self.chunks.put(moved.chunk)
            except WriteConflict:
                continue
            return moved
        raise Unavailable(f"too many concurrent updates to chunk {number} of job {job_id}")

    def _write_part(self, worker: str, chunk: Chunk, report: OutcomeReport) -> None:
        if report.outcomes and not report.uploaded:
            self.chunks.put_part(
                report.key,
                report.outcomes,
                origin=Origin(worker, chunk.generation),
                expires_at=chunk.expires_at,
            )

    def _send_rest(self, job: Job, chunk: Chunk) -> None:
        """Resend the chunk if it has tasks left and no lease, also after a repeated report."""
        if chunk.finished or chunk.lease is not None:
            return
        now = self.clock.now()
        message = Message(job.id, chunk.number, chunk.due_at(now) - now)
        self.queue.send(job.spec.priority, [message], tenant=job.tenant)

    def _measure(
        self, job: Job, chunk: Chunk, report: OutcomeReport, completed: int, failed: int
    ) -> None:
        counts = chunk.counts
        self.metrics.tasks_ended(
            job.spec.task_type,
            completed=counts.completed - completed,
            failed=counts.failed - failed,
        )
        if chunk.number == 0 and report.final and report.outcomes:
            mean = fmean(outcome.duration for outcome in report.outcomes)
            self.types.record_duration(job.spec.task_type, mean)
