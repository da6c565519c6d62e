"""Grants leases, renews them, and folds reported outcomes into the rows of chunks.

Protocol steps 3, 4 and 6 in docs/explanation/architecture.md.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter
from statistics import fmean

from shoal.domain.chunk import Accepted, Chunk, Finished, Granted, Held, Holder, Lease, Stale
from shoal.domain.errors import IllegalMove, Unavailable, WriteConflict
from shoal.domain.job import Job, JobStatus
from shoal.domain.outcome import Origin, Outcome, OutcomeReport, PartKey, worker_died
from shoal.ports.blobs import UploadLink
from shoal.ports.chunks import ChunkStore
from shoal.ports.clock import Clock, Entropy
from shoal.ports.jobs import JobStore
from shoal.ports.metrics import Metrics
from shoal.ports.queues import Message, TaskQueue
from shoal.ports.task_types import TypeRegistry
from shoal.service.chunk_by_chunk import apply, check_outage, read_apart
from shoal.service.completion import Completion
from shoal.service.inputs import Inputs
from shoal.service.job_updates import TRIES, Update, update_job, update_over_version
from shoal.service.lease_answers import (
    ChunkFailed,
    ChunkRef,
    LeaseGranted,
    LeaseRefused,
    LeaseRenewal,
    RenewalDecision,
)
from shoal.service.type_mismatch import TypeMismatch

UPLOAD_SECONDS = 900
RESET_SECONDS = 5.0
"""The delay of a message whose chunk has not been reset for the job's new generation yet."""


class _PartMissing(Exception):  # noqa: N818 - never leaves the module
    """A report names a part that was not uploaded."""


@dataclass(frozen=True, slots=True)
class _Request:
    """A request for leases; `task_types` are those that the worker offers (None: any)."""

    worker: str
    id: str = field(repr=False)
    task_types: Collection[str] | None
    holder: Holder

    def offers(self, job: Job) -> bool:
        """Return whether the worker offers the type of the job."""
        return self.task_types is None or job.spec.task_type in self.task_types


@dataclass(frozen=True, slots=True)
class _Worker:
    """A worker that sends a request under a lease."""

    name: str
    token: str | None = field(repr=False)

    def holds(self, chunk: Chunk) -> bool:
        """Return whether it may act under the current epoch."""
        return chunk.held_by(self.name, self.token)


@dataclass(frozen=True, slots=True)
class _Person:
    """A user of the job's tenant who acts for a worker."""

    worker: str

    def holds(self, chunk: Chunk) -> bool:
        """Return whether the worker has the lease."""
        return not chunk.leased_by_other(self.worker)


type _Sender = _Worker | _Person


@dataclass(frozen=True, slots=True)
class Leasing:
    """The protocol with workers. `length` is the duration of a lease in seconds.

    The chunks of a request are answered one by one: a failure of one of them is ChunkFailed for
    this one, and the others have their answers. Unavailable is raised only if no job of the request
    can be read.
    """

    jobs: JobStore
    chunks: ChunkStore
    queue: TaskQueue
    types: TypeRegistry
    inputs: Inputs
    completion: Completion
    mismatch: TypeMismatch
    clock: Clock
    entropy: Entropy
    metrics: Metrics
    length: float

    def lease(
        self,
        worker: str,
        request: str,
        refs: Sequence[ChunkRef],
        task_types: Collection[str] | None = None,
        holder: Holder = Holder.OLD_WORKER,
    ) -> list[LeaseGranted | LeaseRefused | ChunkFailed]:
        """Grant the chunks that are free; a repeated request id gets the same grants again.

        A chunk whose type is not among the `task_types` of the worker is sent on instead.
        """
        asked = _Request(worker, request, task_types, holder)
        jobs, rows = self._jobs({ref.job for ref in refs}), self._rows(refs)

        grants = [apply(self._grant, jobs.get(ref.job), rows.get(ref), asked) for ref in refs]
        jobs = self._recheck(
            {ref.job for ref, grant in zip(refs, grants, strict=True) if isinstance(grant, Granted)}
        )
        return [
            apply(self._answer, jobs.get(ref.job), grant) if isinstance(grant, Granted) else grant
            for ref, grant in zip(refs, grants, strict=True)
        ]

    def _jobs(self, job_ids: Collection[str]) -> Mapping[str, Job | ChunkFailed]:
        found = read_apart(job_ids, self.jobs.get_many, self.jobs.get)
        check_outage(found.values())
        return found

    def _rows(self, refs: Sequence[ChunkRef]) -> Mapping[ChunkRef, Chunk | ChunkFailed]:
        return read_apart(
            sorted(set(refs)), self._rows_at_once, lambda ref: self.chunks.get(ref.job, ref.chunk)
        )

    def _rows_at_once(self, refs: Collection[ChunkRef]) -> Mapping[ChunkRef, Chunk]:
        found = (
            chunk
            for job_id, group in groupby(refs, key=attrgetter("job"))
            for chunk in self.chunks.get_many(job_id, [ref.chunk for ref in group])
        )
        return {ChunkRef(chunk.job, chunk.number): chunk for chunk in found}

    def _grant(
        self, job: Job | None, chunk: Chunk | None, asked: _Request
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
        return self._grant_row(job, chunk, asked)

    def _grant_row(self, job: Job, chunk: Chunk, asked: _Request) -> Granted | LeaseRefused:
        for _ in range(TRIES):
            now = self.clock.now()
            grant = chunk.grant(asked.worker, asked.id, now, self.length, asked.holder)
            if isinstance(grant, Held):
                return _held(chunk, grant, now)
            if isinstance(grant, Finished):
                return self._refuse_finished(job, chunk)
            if grant.again:
                return grant
            if not asked.offers(job):
                return self.mismatch.send_on(job, chunk, self.length)
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

    def _recheck(self, granted: Collection[str]) -> Mapping[str, Job | ChunkFailed]:
        """Read the jobs again after the grants were written, so that an earlier cancel applies."""
        if not granted:
            return {}
        jobs = dict(read_apart(granted, self.jobs.get_many, self.jobs.get))
        for job_id, job in jobs.items():
            if isinstance(job, Job) and not job.stopping and job.status is not JobStatus.RUNNING:
                jobs[job_id] = apply(update_job, self.jobs, job_id, self._start)
        return jobs

    def _start(self, job: Job) -> Job | None:
        if job.stopping or job.status is JobStatus.RUNNING:
            return None
        return job.start(self.clock.now())

    def _answer(self, job: Job | None, grant: Granted) -> LeaseGranted | LeaseRefused:
        if job is None or job.stopping:
            return LeaseRefused("cancelled")
        chunk, offsets = grant.chunk, grant.chunk.running
        inputs = self.inputs.own_inputs(job, chunk, offsets)
        return LeaseGranted(job, chunk, offsets, inputs, grant.token)

    def _wake_if_closed(self, job: Job) -> None:
        if job.closed:
            self.completion.wake(job)

    def heartbeat(
        self, worker: str, renewals: Sequence[LeaseRenewal]
    ) -> list[RenewalDecision | ChunkFailed]:
        """Renew the worker's leases; return which it lost, and the directives for the others."""
        jobs = self._jobs({each.job for each in renewals})
        return [
            apply(self._renew, jobs.get(each.job), each, _Worker(worker, each.token))
            for each in renewals
        ]

    def acknowledge_by_hand(self, worker: str, renewal: LeaseRenewal) -> RenewalDecision:
        """Renew a lease for a person, who has no token: the tenant of the job is proof enough."""
        return self._renew(self.jobs.get(renewal.job), renewal, _Person(worker))

    def _renew(self, job: Job | None, renewal: LeaseRenewal, sender: _Sender) -> RenewalDecision:
        if job is None or job.stopping:
            return RenewalDecision("cancelled", directive="cancel")

        def extend(chunk: Chunk) -> Accepted | Stale:
            return chunk.extend(renewal.epoch, renewal.current_task, self.clock.now(), self.length)

        extended = self._write(sender, ChunkRef(renewal.job, renewal.chunk), extend)
        if isinstance(extended, Stale) or extended.chunk.lease is None:
            return RenewalDecision("stale")
        return RenewalDecision(
            "extended", extended.chunk.lease.until, "pause" if job.paused else None
        )

    def report(self, worker: str, reports: Sequence[OutcomeReport]) -> list[str | ChunkFailed]:
        """Fold outcomes into rows; return a decision for each report.

        It is `accepted`, `stale`, `cancelled`, or `part_missing` if the part that the report names
        was not uploaded. Names and epochs are easy to guess, so the report must have the token of
        the lease.
        """
        jobs = self._jobs({report.key.job for report in reports})
        return [apply(self._report, worker, jobs.get(each.key.job), each) for each in reports]

    def report_by_hand(self, worker: str, chunk: Chunk, outcome: Outcome) -> str:
        """Fold the outcome of one task of a lease; return the decision, as `report` does.

        The report gets a number that the row reserves for it, because several requests may end
        tasks of the same chunk at the same time. It is `stale` if the task is not RUNNING any more.
        """
        job = self.jobs.get(chunk.job)
        if job is None or job.stopping:
            return "cancelled"
        jitter, offset = self.entropy.uniform(), outcome.index - chunk.first

        def reserve(row: Chunk) -> Accepted | Stale:
            running = row.epoch == chunk.epoch and offset in row.running
            return Accepted(row.reserve()) if running else Stale()

        person, ref = _Person(worker), ChunkRef(chunk.job, chunk.number)
        reserved = self._write(person, ref, reserve)
        if isinstance(reserved, Stale):
            return "stale"
        key = chunk.part_key(chunk.epoch, reserved.chunk.reported)
        self._put_part(worker, reserved.chunk, key, [outcome])

        def fold(row: Chunk) -> Accepted | Stale:
            if row.epoch != chunk.epoch or offset not in row.running:
                return Stale()
            report = OutcomeReport(key, row.running == (offset,), [outcome])
            return self._folded(job, row, report, jitter, reserved=True)

        return self._fold(person, job, ref, fold)[0]

    def part_upload(
        self, worker: str, key: PartKey, size: int, token: str | None = None
    ) -> UploadLink:
        """Return the link to upload outcomes that are too large for a report.

        Raises IllegalMove if the worker has lost its lease, or has another token.
        """
        chunk = self.chunks.get(key.job, key.chunk)
        lost = chunk is None or chunk.is_stale(key.epoch) or chunk.lease is None
        if chunk is None or lost or not chunk.held_by(worker, token):
            leased = f"chunk {key.chunk} of job {key.job}"
            raise IllegalMove(f"{leased} is not leased to this worker at epoch {key.epoch}")
        origin = Origin(worker, chunk.generation)
        return self.chunks.part_upload(key, size, origin=origin, seconds=UPLOAD_SECONDS)

    def _report(self, worker: str, job: Job | None, report: OutcomeReport) -> str:
        if job is None or job.stopping:
            if job is not None:
                self._wake_if_closed(job)
            return "cancelled"

        jitter = self.entropy.uniform()

        def fold(row: Chunk) -> Accepted | Stale:
            folded = self._folded(job, row, report, jitter)
            if isinstance(folded, Accepted) and not folded.again:
                self._check_part(report)
                self._write_part(worker, row, report)
            return folded

        sender, ref = _Worker(worker, report.token), ChunkRef(report.key.job, report.key.chunk)
        try:
            decision, folded = self._fold(sender, job, ref, fold)
        except _PartMissing:
            return "part_missing"
        if folded is not None and not folded.again:
            self._measure_duration(job, folded.chunk, report)
        return decision

    def _folded(
        self,
        job: Job,
        row: Chunk,
        report: OutcomeReport,
        jitter: float,
        *,
        reserved: bool = False,
    ) -> Accepted | Stale:
        return row.report(
            epoch=report.key.epoch,
            number=report.key.report,
            final=report.final,
            outcomes=report.outcomes,
            policy=job.spec.policy,
            jitter=jitter,
            now=self.clock.now(),
            length=self.length,
            reserved=reserved,
        )

    def _fold(
        self, sender: _Sender, job: Job, ref: ChunkRef, fold: Callable[[Chunk], Accepted | Stale]
    ) -> tuple[str, Accepted | None]:
        """Write the folded row, then count and settle it."""
        before = [0, 0]

        def move(row: Chunk) -> Accepted | Stale:
            before[:] = row.counts.completed, row.counts.failed
            return fold(row)

        folded = self._write(sender, ref, move)
        if isinstance(folded, Stale):
            self.metrics.stale_report()
            return "stale", None
        if not folded.again:
            counts, (completed, failed) = folded.chunk.counts, before
            self.metrics.tasks_ended(
                job.spec.task_type,
                completed=counts.completed - completed,
                failed=counts.failed - failed,
            )
        self._follow_up(job, folded)
        return "accepted", folded

    def _follow_up(self, job: Job, folded: Accepted) -> None:
        """Settle the chunk and resend it if tasks are left. A repeated report does so again."""
        self.completion.settle(job, folded.chunk)
        self._send_rest(job, folded.chunk)

    def _write(
        self, sender: _Sender, ref: ChunkRef, move: Callable[[Chunk], Accepted | Stale]
    ) -> Accepted | Stale:
        answers: list[Accepted | Stale] = []

        def moved(chunk: Chunk | None) -> Chunk | None:
            if chunk is None or not sender.holds(chunk):
                answers[:] = [Stale()]
                return None
            answer = move(chunk)
            answers[:] = [answer]
            return None if isinstance(answer, Stale) or answer.again else answer.chunk

        _: Update[Chunk | None, Chunk] = update_over_version(
            lambda: self.chunks.get(ref.job, ref.chunk),
            moved,
            self.chunks.put,
            what=f"chunk {ref.chunk} of job {ref.job}",
        )
        return answers[0]

    def _check_part(self, report: OutcomeReport) -> None:
        """Raise _PartMissing if the report names a part that does not exist."""
        if report.uploaded and not self.chunks.has_upload(report.key):
            raise _PartMissing

    def _write_part(self, worker: str, chunk: Chunk, report: OutcomeReport) -> None:
        if report.outcomes and not report.uploaded:
            self._put_part(worker, chunk, report.key, report.outcomes)

    def _put_part(
        self, worker: str, chunk: Chunk, key: PartKey, outcomes: Sequence[Outcome]
    ) -> None:
        origin = Origin(worker, chunk.generation)
        self.chunks.put_part(key, outcomes, origin=origin, expires_at=chunk.expires_at)

    def _send_rest(self, job: Job, chunk: Chunk) -> None:
        """Resend the chunk if it has tasks left and no lease, also after a repeated report."""
        if chunk.finished or chunk.lease is not None:
            return
        now = self.clock.now()
        message = Message(job.id, chunk.number, chunk.due_at(now) - now)
        self.queue.send(job.spec.priority, [message], tenant=job.tenant)

    def _measure_duration(self, job: Job, chunk: Chunk, report: OutcomeReport) -> None:
        if chunk.number == 0 and report.final and report.outcomes:
            mean = fmean(outcome.duration for outcome in report.outcomes)
            self.types.record_duration(job.spec.task_type, mean)


def _held(chunk: Chunk, until: Held, now: float) -> LeaseRefused:
    reason = None
    if chunk.held(now):
        reason = f"the last {chunk.lapses + 1} leases of the chunk lapsed without acknowledgement"
    return LeaseRefused("held", until.until - now, reason)
