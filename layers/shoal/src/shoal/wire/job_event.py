"""The detail of a job event, as documented in docs/reference/events.md."""

from __future__ import annotations

from typing import Any

from shoal.domain.job_event import JobChangeEvent
from shoal.domain.job_version import job_version
from shoal.wire.times import rfc3339


def job_event_body(event: JobChangeEvent) -> dict[str, Any]:
    """Return the detail of an event. Fields can be added but not renamed."""
    job = event.job
    return {
        "event_id": event.id,
        "tenant": job.tenant,
        "job_id": job.id,
        "name": job.spec.name,
        "task_type": job.spec.task_type,
        "status": job.status,
        "paused": job.paused,
        "generation": job.generation,
        "reason": job.reason,
        "task_count": job.task_count,
        "counts": None if job.counts is None else job.counts._asdict(),
        "version": job_version(job.version, job.moves),
        "created_at": rfc3339(job.created_at),
        "started_at": None if job.started_at is None else rfc3339(job.started_at),
        "finished_at": None if job.finished_at is None else rfc3339(job.finished_at),
        "tags": dict(job.spec.tags),
    }
