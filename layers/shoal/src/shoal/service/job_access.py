"""A job of the caller's tenant; for any other caller it does not exist."""

from shoal.domain import ids
from shoal.domain.errors import JobNotFound
from shoal.domain.job import Job
from shoal.ports.jobs import JobStore


def owned_job(jobs: JobStore, tenant: str, job_id: str) -> Job:
    """Read a job's row; raise JobNotFound if the tenant has no such job.

    Any other text would be the key of another row, or of none: it is not looked up.
    """
    job = jobs.get(job_id) if ids.is_job_id(job_id) else None
    if job is None or not job.belongs_to(tenant):
        raise JobNotFound(job_id)
    return job
