"""Records of the jobs table's stream: a job before and after a change."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from typing import Any

from shoal.adapters.rows.jobs import job_of
from shoal.domain.job import Job


def changed_job(record: Mapping[str, Any]) -> str:
    """Return the job id of a record of a job, tally or sums row."""
    key: str = record["dynamodb"]["Keys"]["id"]["S"]
    return key.partition("#")[0]


def job_change(record: Mapping[str, Any]) -> tuple[Job | None, Job] | None:
    """Return the job before (None if new) and after; None if it is not a job row."""
    images = record["dynamodb"]
    after = images.get("NewImage")
    if after is None or "tenant_status" not in after:
        return None
    before = images.get("OldImage")
    return (None if before is None else _job(before), _job(after))


def _job(image: Mapping[str, Any]) -> Job:
    """Parse an image: stream records are JSON with base64 for bytes."""
    spec = image["spec"]
    return job_of({**image, "spec": {"B": b64decode(spec["B"])} if "B" in spec else spec})
