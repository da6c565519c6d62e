"""Records and reads the audit trail: the actions of callers on jobs."""

from dataclasses import dataclass
from typing import Final

from shoal.domain import ids
from shoal.domain.audit_event import PLACE, Action, AuditEvent
from shoal.domain.bulk import BulkAction
from shoal.domain.identity import Caller
from shoal.domain.job import LONGEST_LIFE, Job
from shoal.domain.pages import checked_start
from shoal.ports.audit import AuditLog, AuditPage
from shoal.ports.clock import Clock, Entropy
from shoal.ports.jobs import JobStore
from shoal.service.job_access import owned_job

SYSTEM: Final = "shoal"


@dataclass(frozen=True, slots=True)
class AuditTrail:
    """Audit events, which are stored as long as the rows of a job submitted at the same time.

    `retention` is in seconds.
    """

    log: AuditLog
    jobs: JobStore
    clock: Clock
    entropy: Entropy
    retention: int

    def record(
        self,
        caller: Caller,
        action: Action,
        job_id: str | None,
        detail: dict[str, str] | None = None,
    ) -> None:
        """Record an action of the caller; each call adds one event."""
        identity = self.entropy.bytes().hex()
        now = self.clock.now()
        self._add(
            AuditEvent(identity, caller.tenant, caller.name, action, job_id, now, detail or {})
        )

    def record_submission(self, caller: Caller, job: Job, *, like: str | None = None) -> None:
        """Record the submission once. A repeated request keeps the first caller.

        `like` is the id of the job that was cloned.
        """
        action, detail = (Action.SUBMIT, {}) if like is None else (Action.CLONE, {"of": like})
        self._add(
            AuditEvent(job.id, caller.tenant, caller.name, action, job.id, job.created_at, detail)
        )

    def record_bulk(self, bulk: BulkAction, action: Action, job_id: str) -> None:
        """Record once, at the creation time of the bulk action, what it did to a job."""
        identity = f"{bulk.id}_{job_id}"
        detail = {"bulk_action": bulk.id}
        self._add(
            AuditEvent(identity, bulk.tenant, bulk.by, action, job_id, bulk.created_at, detail)
        )

    def record_by_system(self, tenant: str, action: Action, detail: dict[str, str]) -> None:
        """Record an action that Shoal did automatically."""
        identity = self.entropy.bytes().hex()
        self._add(AuditEvent(identity, tenant, SYSTEM, action, None, self.clock.now(), detail))

    def record_canary(self, job_id: str) -> None:
        """Record once the verdict of the canary of the job's latest retry, if there is one.

        Call it also before the next retry, which replaces the canary.
        """
        job = self.jobs.get(job_id) if ids.is_job_id(job_id) else None
        canary = None if job is None else job.canary
        if job is None or canary is None or canary.verdict is None:
            return
        identity = f"{job_id}_canary_{canary.generation}"
        who, at = "canary", canary.judged_at or job.created_at
        self._add(
            AuditEvent(
                identity, job.tenant, who, Action.CANARY, job_id, at, {"said": canary.summary}
            )
        )

    def of_job(self, tenant: str, job_id: str, *, limit: int, start: str | None) -> AuditPage:
        """Return the events of a job, newest first; raise JobNotFound if it is not the tenant's."""
        owned_job(self.jobs, tenant, job_id)
        return self.log.of_job(job_id, limit=limit, start=checked_start(start, PLACE))

    def of_tenant(self, tenant: str, *, limit: int, start: str | None) -> AuditPage:
        """Return the events of the tenant's jobs, newest first."""
        return self.log.of_tenant(tenant, limit=limit, start=checked_start(start, PLACE))

    def _add(self, event: AuditEvent) -> None:
        self.log.add(event, expires_at=int(event.at) + LONGEST_LIFE + self.retention)
