"""Runs bulk actions page by page: each page is stored, processed, and counted once."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from shoal.domain import ids
from shoal.domain.audit_event import Action
from shoal.domain.bulk import BulkAction, BulkVerb, Progress, Refusal, Taken
from shoal.domain.errors import (
    BulkActionNotFound,
    Conflict,
    IdempotencyConflict,
    InvalidRequest,
    LimitReached,
    NotFound,
    WriteConflict,
)
from shoal.domain.identity import Caller
from shoal.domain.job import DAY
from shoal.domain.job_filter import JobFilter
from shoal.ports.bulk import BulkPage, BulkRuns, BulkStore
from shoal.ports.clock import Clock, Entropy
from shoal.ports.executor import Executor
from shoal.ports.jobs import JobStore
from shoal.service.audit_trail import AuditTrail
from shoal.service.job_control import JobControl
from shoal.service.job_updates import Update, update_over_version

PAGE: Final = 50
"""Jobs per page; an abort takes effect between pages."""
STEP_SECONDS: Final = 30.0
"""A step starts no page after this time."""
RUNNING_AT_ONCE: Final = 5
RETENTION_SECONDS: Final = 90 * DAY
_CONCURRENCY: Final = 8


@dataclass(frozen=True, slots=True)
class BulkActions:
    """The life cycle of bulk actions: start, read, run and abort."""

    actions: BulkStore
    runs: BulkRuns
    jobs: JobStore
    job_control: JobControl
    audit_trail: AuditTrail
    clock: Clock
    entropy: Entropy
    executor: Executor

    def begin(
        self,
        caller: Caller,
        verb: BulkVerb,
        which: JobFilter,
        *,
        dry_run: bool,
        key: str | None,
        fingerprint: str,
    ) -> BulkAction:
        """Start a bulk action, once per idempotency key; raise LimitReached if too many run.

        Jobs that are submitted later are not affected.
        """
        now = self.clock.now()
        action_id = ids.new_bulk_id(now, self.entropy.bytes())
        if key is not None:
            action_id = self.actions.keyed(caller.tenant, key, action_id, expires_at=_expiry(now))
            before = self.actions.get(caller.tenant, action_id)
            if before is not None:
                return self._replay(before, fingerprint)
        running = sum(not each.ended for each in self._latest(caller.tenant))
        if running >= RUNNING_AT_ONCE:
            detail = f"{running} bulk actions are running; at most {RUNNING_AT_ONCE} may"
            raise LimitReached("bulk_actions", detail, retry_after=30)
        action = BulkAction(
            id=action_id,
            tenant=caller.tenant,
            by=caller.name,
            verb=verb,
            which=replace(which, until=min(now, which.until or now)),
            dry_run=dry_run,
            fingerprint=fingerprint,
            created_at=now,
            expires_at=_expiry(now),
        )
        if not self.actions.create(action):
            return self._replay(self.get(caller.tenant, action_id), fingerprint)
        self.runs.start(action.tenant, action.id)
        return action

    def get(self, tenant: str, action_id: str) -> BulkAction:
        """Return a bulk action; raise BulkActionNotFound."""
        action = self.actions.get(tenant, action_id) if ids.is_bulk_id(action_id) else None
        if action is None:
            raise BulkActionNotFound(action_id)
        return action

    def page(self, tenant: str, *, limit: int, start: str | None) -> BulkPage:
        """Return the bulk actions of a tenant, newest first."""
        return self.actions.page(tenant, limit=limit, start=start)

    def abort(self, tenant: str, action_id: str) -> BulkAction:
        """Stop a bulk action before its next page; finished changes are kept.

        Another execution is started to end the action, because the first one may have died or may
        never have been started.
        """

        def move(action: BulkAction) -> BulkAction | None:
            return None if action.aborting else action.abort()

        action = self._updated(tenant, action_id, move)
        if not action.ended:
            self.runs.start(tenant, action_id, ending=True)
        return action

    def step(self, tenant: str, action_id: str) -> bool:
        """Process pages for up to `STEP_SECONDS`; return whether more remain.

        If the function dies before the counts of a page are written, the next step processes the
        stored page again. This is safe: a verb is applied once, because a cancelled job is never
        retried, a deleted one does not exist, and the others apply only in the generation in which
        the page found the job. It is audited once.
        """
        until = self.clock.now() + STEP_SECONDS
        while self.clock.now() < until:
            action = self.get(tenant, action_id)
            if action.ended:
                return False
            if action.taken is not None:
                self._count(action, self._applied(action, action.taken))
            elif action.aborting:
                self._updated(tenant, action_id, lambda now: now.aborted(self.clock.now()))
                return False
            else:
                self._take(action)
        return True

    def give_up(self, tenant: str, action_id: str, reason: str) -> None:
        """End the action as FAILED, because its function failed repeatedly."""

        def move(action: BulkAction) -> BulkAction | None:
            return None if action.ended else action.broken(reason, self.clock.now())

        self._updated(tenant, action_id, move)

    def _replay(self, action: BulkAction, fingerprint: str) -> BulkAction:
        if action.fingerprint != fingerprint:
            raise IdempotencyConflict
        if not action.ended:
            self.runs.start(action.tenant, action.id)
        return action

    def _latest(self, tenant: str) -> tuple[BulkAction, ...]:
        return tuple(self.actions.page(tenant, limit=100, start=None).actions)

    def _take(self, action: BulkAction) -> None:
        """Store the next page, unless a step that was presumed dead has stored it."""
        page = self.jobs.page(action.tenant, action.which, limit=PAGE, start=action.cursor)
        jobs = tuple(Taken(job.id, job.generation) for job in page.jobs)
        with suppress(WriteConflict):
            self.actions.put(action.take(jobs, page.next_key))

    def _applied(self, action: BulkAction, jobs: Sequence[Taken]) -> Progress:
        if action.dry_run:
            return Progress(len(jobs))
        refused = self.executor.map(
            lambda taken: self._refusal(action, taken), jobs, at_once=_CONCURRENCY
        )
        refusals = tuple(each for each in refused if each is not None)
        return Progress(len(jobs) - len(refusals), refusals)

    def _refusal(self, action: BulkAction, taken: Taken) -> Refusal | None:
        job_id, generation = taken
        control = self.job_control
        verbs: Mapping[BulkVerb, Callable[[str, str], object]] = {
            BulkVerb.CANCEL: control.cancel,
            BulkVerb.PAUSE: partial(control.pause, generation=generation),
            BulkVerb.RESUME: partial(control.resume, generation=generation),
            BulkVerb.RETRY: partial(control.retry, generation=generation),
            BulkVerb.DELETE: control.delete,
        }
        if action.verb is BulkVerb.RETRY:
            self.audit_trail.record_canary(job_id)
        try:
            verbs[action.verb](action.tenant, job_id)
        except NotFound as error:
            if action.verb is not BulkVerb.DELETE:  # all jobs of a page are owned: it was deleted
                return Refusal(job_id, str(error))
        except (Conflict, InvalidRequest) as error:
            return Refusal(job_id, str(error))
        self.audit_trail.record_bulk(action, Action(action.verb), job_id)
        return None

    def _count(self, action: BulkAction, progress: Progress) -> None:
        """Count the page, unless a step that was presumed dead has counted it."""

        def move(now: BulkAction) -> BulkAction | None:
            if now.ended or (now.taken, now.cursor) != (action.taken, action.cursor):
                return None
            return now.after(progress, self.clock.now())

        self._updated(action.tenant, action.id, move)

    def _updated(
        self, tenant: str, action_id: str, move: Callable[[BulkAction], BulkAction | None]
    ) -> BulkAction:
        update: Update[BulkAction, BulkAction] = update_over_version(
            lambda: self.get(tenant, action_id),
            move,
            self.actions.put,
            what=f"bulk action {action_id}",
        )
        return update.moved or update.row


def _expiry(now: float) -> int:
    return int(now) + RETENTION_SECONDS
