"""The laws for a state in which nothing moves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from shoal.domain.chunk import Chunk
from shoal.domain.counts import Counts
from shoal.domain.job import Job, JobStatus
from shoal.domain.outcome import Outcome, PartKey
from shoal.domain.tally import Entry, Sum, Tally, address, total
from shoal.ports.bulk import BulkStore
from shoal.ports.webhooks import WebhookStore
from tests.prove.laws import Laws
from tests.prove.trace import shown

_PER_GENERATION: Final = 8
"""Writes of a job's row in a generation: submit or retry, plan, enqueue, start, stop, close, and a
wake that crosses the close."""


class LawsAtRest:
    """Compares acknowledged requests with the rows, and the rows with each other."""

    def __init__(self, laws: Laws) -> None:
        self._laws = laws
        self._told = laws.acknowledged

    def jobs(self, jobs: Mapping[str, Job]) -> None:
        """Acknowledged changes of jobs are durable."""
        check, told = self._laws.check, self._told
        for job_id in told.submits:
            check("a submitted job exists", job_id in jobs or self._laws.late, job_id)
        for job_id in told.cancels.keys() & jobs.keys():
            job = jobs[job_id]
            cancelled = job.status is JobStatus.CANCELLED
            check("a job whose cancel was acknowledged is CANCELLED", cancelled, shown(job))
        for job_id in told.deletes & jobs.keys():
            gone = jobs[job_id].deleted_at is not None
            check("a job whose delete was acknowledged does not exist", gone, job_id)
        for job_id in told.discards & jobs.keys():
            stands = bool(jobs[job_id].discards)
            check("an acknowledged discard is durable", stands, shown(jobs[job_id]))
        for job_id in told.retries.keys() & jobs.keys():
            begun = jobs[job_id].generation >= told.retries[job_id]
            check("an acknowledged retry begins its generation", begun, shown(jobs[job_id]))
        for (job_id, name), value in told.changes.items():
            if job_id in jobs:
                spec = jobs[job_id].spec
                allowed = [value, *told.unanswered.get((job_id, name), ())]
                stands = getattr(spec, name) in allowed
                check("an acknowledged change is durable", stands, f"{name} {value} {spec}")

    def actions(
        self, bulk: BulkStore, exports: Mapping[str, object], webhooks: WebhookStore
    ) -> None:
        """Acknowledged bulk actions and exports end, and acknowledged webhooks exist."""
        check, told = self._laws.check, self._told
        for action_id, tenant in told.bulk_actions.items():
            action = bulk.get(tenant, action_id)
            ended = action is not None and action.ended
            check("every bulk action ends", ended, str(action))
        for job_id, export_id in told.exports:
            check("every export ends", f"{job_id}-{export_id}" in exports, f"{job_id} {export_id}")
        for webhook_id, (tenant, exists) in told.webhooks.items():
            found = webhooks.get(tenant, webhook_id) is not None
            check("an acknowledged webhook exists until it is deleted", found == exists, webhook_id)

    def job(
        self,
        job: Job,
        rows: Sequence[Chunk],
        parts: Mapping[PartKey, Sequence[Outcome]],
        tallies: Sequence[Tally],
        sums: Mapping[int, Sum],
    ) -> None:
        """A job and its rows."""
        for row in rows:
            self._chunk(row, parts)
        if job.live or job.counts is None:
            return
        self._retried(job, rows)
        self._counts(job, rows)
        self._tallies(job, rows, tallies, sums)

    def writes(self, job: Job, waits: int, executions: int, row: int, sums: int) -> None:
        """No item is hot: writes of a job's row and of its sums do not grow with its tasks."""
        requests = self._laws.requests[job.id] + self._laws.requests["bulk"]
        most = _PER_GENERATION * job.generation + waits + 2 * executions + requests
        self._laws.check(
            "writes of a job's row do not grow with its tasks",
            row <= most,
            f"{row} writes, at most {most} expected: {shown(job)}",
        )
        most = 3 * job.tallies * job.generation
        self._laws.check(
            "writes of a job's sums do not grow with its tasks",
            sums <= most,
            f"{sums} writes, at most {most} expected: {shown(job)}",
        )

    def _counts(self, job: Job, rows: Sequence[Chunk]) -> None:
        """The counts and the status of a closed job follow from its rows."""
        assert job.counts is not None
        check = self._laws.check
        if self._laws.late and len(rows) < job.chunks:
            return
        known = [row for row in rows if row.generation == job.generation]
        kept = sum(row.counts.completed for row in rows if row not in known)
        counts = Counts.total([Counts(completed=kept), *(row.counts for row in known)])
        missing = (job.task_count or 0) - sum(counts)
        recount = counts._replace(pending=counts.pending + missing).after_close()
        check(
            "the counts of a closed job equal a recount of its rows",
            job.counts == recount,
            f"{job.counts} and {recount}: {shown(job)} {shown(list(rows))}",
        )
        if job.status is JobStatus.COMPLETED:
            ended = counts.completed + counts.failed == job.task_count
            well = counts.failed <= (job.spec.max_failed or 0)
            check("COMPLETED means that all tasks ended well", ended and well, shown(job))
        if job.ending is None:
            well = counts.failed <= (job.spec.max_failed or 0) and not recount.cancelled
            expected = JobStatus.COMPLETED if well else JobStatus.FAILED
            check("a job ends as its tasks did", job.status is expected, f"{recount} {shown(job)}")

    def _retried(self, job: Job, rows: Sequence[Chunk]) -> None:
        """A retry of some tasks runs them."""
        for index in self._told.chosen.get((job.id, job.generation), ()) if not job.ending else ():
            for row in rows:
                if row.first <= index < row.first + row.size:
                    ran = row.generation == job.generation and row.attempts[index - row.first] > 0
                    self._laws.check("a task that is retried runs", ran, f"{index}: {shown(row)}")

    def _chunk(self, row: Chunk, parts: Mapping[PartKey, Sequence[Outcome]]) -> None:
        check, told = self._laws.check, self._told
        for offset, letter in enumerate(row.statuses):
            task = row.job, row.first + offset
            if task in told.outcomes:
                check("an accepted outcome is durable", letter == "C", f"{task[1]}: {shown(row)}")
            if task in told.results:
                check("a result by hand is durable", letter == "C", f"{task[1]}: {shown(row)}")
            keys = row.history_of(offset)
            history = [o for key in keys for o in parts.get(key, ()) if o.index == task[1]]
            if task in told.failures and not self._laws.late:
                kept = any(o.error is not None and o.error.type == "ByHand" for o in history)
                check("an acknowledged failure is durable", kept, f"{task[1]}: {shown(row)}")
            if row.generation == 1 and not self._laws.late:
                attempts = [outcome.attempt for outcome in history]
                once = len(set(attempts)) == len(attempts)
                check("an attempt has one outcome", once, f"{task[1]}: {attempts} {shown(row)}")
            if letter not in "CF":
                continue
            last = history[-1] if history else None
            fits = last is not None and (last.error is None) == (letter == "C")
            fits = fits and last is not None and last.attempt == row.attempts[offset]
            check("a task ends with its accepted outcome", fits, f"{task[1]}: {last} {shown(row)}")
            if last is not None and fits and task in told.results:
                stands = last.result == told.results[task]
                check("a result by hand is durable", stands, f"{task[1]}: {last}")

    def _tallies(
        self,
        job: Job,
        rows: Sequence[Chunk],
        tallies: Sequence[Tally],
        sums: Mapping[int, Sum],
    ) -> None:
        check = self._laws.check
        entries = {tally.number: tally.entries for tally in tallies}
        for row in rows:
            number, slot = address(row.number, job.chunks)
            entry = entries.get(number, {}).get(slot)
            if row.generation == job.generation and not self._laws.late:
                current = entry is not None and entry.generation == job.generation
                told = entry.counts if current and entry is not None else Counts()
                same = told[3:] == row.counts[3:]
                check("the tallies of a closed job equal its rows", same, f"{entry}: {shown(row)}")
            if entry is None:
                continue
            ahead = entry.version > row.version
            check("no entry is ahead of its row", not ahead, f"{entry}: {shown(row)}")
            if entry.version == row.version:
                check("an entry equals its row", entry == Entry.of(row), f"{entry}: {shown(row)}")
        summed = total(sums, job.chunks) if job.chunks else None
        if summed is not None and len(rows) == job.chunks:
            counts = Counts.total([Counts(), *(row.counts for row in rows)])
            check("sums equal rows at rest", summed == counts, f"{summed} and {counts}")
