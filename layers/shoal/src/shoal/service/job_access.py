"""Reads jobs of the caller's tenant; jobs of other tenants do not exist."""

from shoal.domain import ids
from shoal.domain.errors import JobNotFound
from shoal.domain.job import Job
from shoal.ports.jobs import JobStore


def owned_job(jobs: JobStore, tenant: str, job_id: str) -> Job:
    """Read a job's row; raise JobNotFound if the tenant has no such job.

    A text that is not a job id is never used as a key: it could be the key of another kind of row.
    """
    job = jobs.get(job_id) if ids.is_job_id(job_id) else None
    if job is None or not job.belongs_to(tenant):
        raise JobNotFound(job_id)
    return job
