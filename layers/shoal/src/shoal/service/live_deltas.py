"""Sends the status of changed jobs to live subscribers, at most once per period and job."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from shoal.domain.errors import JobNotFound
from shoal.domain.live import ALL_JOBS, CONNECTION_SECONDS, PERIOD, Delta, LastSent
from shoal.ports.clock import Clock
from shoal.ports.jobs import JobStore
from shoal.ports.live import Connections, LiveStore
from shoal.service.job_queries import JobQueries, JobView
from shoal.wire.live import delta_message

_REMEMBERED: Final = 10_000


@dataclass(frozen=True, slots=True)
class LiveDeltaPublisher:
    """Live deltas. Each is computed from the current job, so late or repeated records do no harm.

    The row and the tallies of a job are in several shards of the stream, so several functions can
    process the same job. The one whose conditional write succeeds first sends the delta, and
    records that it was sent. If it dies before that, its records are delivered again, and the next
    function sends the delta after one period.
    """

    store: LiveStore
    jobs: JobStore
    job_queries: JobQueries
    connections: Connections
    clock: Clock
    pause: Callable[[float], None]
    tenants: dict[str, str] = field(default_factory=dict)

    def publish(self, job_ids: Iterable[str]) -> int:
        """Publish the jobs whose rows or tallies changed; return the number of messages sent."""
        tenants = self._tenants(sorted(set(job_ids)))
        online = {each for each in set(tenants.values()) if self.store.connected(each, limit=1)}
        to_all = {tenant: self.store.subscribers(tenant, ALL_JOBS) for tenant in online}
        total, left = 0, [job_id for job_id, tenant in tenants.items() if tenant in online]
        while left:
            sent = {job_id: self._publish_job(tenants[job_id], job_id, to_all) for job_id in left}
            total += sum(each or 0 for each in sent.values())
            left = [job_id for job_id, each in sent.items() if each is None]
            if left:
                self.pause(PERIOD)
        return total

    def _publish_job(
        self, tenant: str, job_id: str, to_all: Mapping[str, Sequence[str]]
    ) -> int | None:
        """Return the number of messages sent; None if it is too early to send."""
        topics = {ALL_JOBS: to_all[tenant], job_id: self.store.subscribers(tenant, job_id)}
        if not any(topics.values()):
            return 0
        view = self._view(tenant, job_id)
        before, now = self.store.last_sent(job_id), self.clock.now()
        if view is None or _was_sent(view, before):
            return 0
        if before is not None and now - before.at < PERIOD:
            return None
        mine, expires_at = LastSent(view.version, now, pending=True), int(now) + CONNECTION_SECONDS
        if not self.store.record_sent(job_id, mine, before=before, expires_at=expires_at):
            return None
        sent = self._send(tenant, _delta(view, before), topics)
        done = mine._replace(pending=False)
        self.store.record_sent(job_id, done, before=mine, expires_at=expires_at)
        return sent

    def _view(self, tenant: str, job_id: str) -> JobView | None:
        try:
            return self.job_queries.get(tenant, job_id)
        except JobNotFound:  # its row has expired since
            return None

    def _tenants(self, job_ids: Sequence[str]) -> dict[str, str]:
        """Return the tenant of each job, cached: it never changes, and tallies lack it."""
        unknown = [each for each in job_ids if each not in self.tenants]
        if len(self.tenants) + len(unknown) > _REMEMBERED:
            self.tenants.clear()
            unknown = list(job_ids)
        found = self.jobs.get_many(unknown) if unknown else {}
        self.tenants.update({job.id: job.tenant for job in found.values()})
        return {each: self.tenants[each] for each in job_ids if each in self.tenants}

    def _send(self, tenant: str, delta: Delta, topics: Mapping[str, Sequence[str]]) -> int:
        message = delta_message(delta)
        return sum(
            self._post(
                tenant, each, message, [topic for topic, ids in topics.items() if each in ids]
            )
            for each in sorted({each for ids in topics.values() for each in ids})
        )

    def _post(self, tenant: str, connection_id: str, message: str, topics: Sequence[str]) -> bool:
        if self.connections.post(connection_id, message):
            return True
        for topic in topics:
            self.store.unsubscribe(connection_id, tenant, topic)
        self.store.disconnect(connection_id, tenant)
        return False


def _was_sent(view: JobView, before: LastSent | None) -> bool:
    """Return whether this version of the job, or a later one, was sent."""
    if before is None or before.version < view.version:
        return False
    return before.version > view.version or not before.pending


def _delta(view: JobView, before: LastSent | None) -> Delta:
    job = view.job
    previous = None if before is None else before.version
    return Delta(job.id, view.version, previous, job.status, job.paused, view.counts)
