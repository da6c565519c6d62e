"""Records of the jobs table's stream: a job's row as it was, and as it became."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from typing import Any

from shoal.adapters.rows.jobs import job_of
from shoal.domain.job import Job


def changed_job(record: Mapping[str, Any]) -> str:
    """The job that a record is about: by its row, one of its tallies or its sums."""
    key: str = record["dynamodb"]["Keys"]["id"]["S"]
    return key.partition("#")[0]


def job_change(record: Mapping[str, Any]) -> tuple[Job | None, Job] | None:
    """The job before (None if it is new) and after; None if the record is of no job's row."""
    images = record["dynamodb"]
    after = images.get("NewImage")
    if after is None or "tenant_status" not in after:
        return None
    before = images.get("OldImage")
    return (None if before is None else _job(before), _job(after))


def _job(image: Mapping[str, Any]) -> Job:
    """Of an image: a stream's record is JSON, where bytes are base64."""
    spec = image["spec"]
    return job_of({**image, "spec": {"B": b64decode(spec["B"])} if "B" in spec else spec})
