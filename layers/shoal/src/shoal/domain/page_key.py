"""Where a page of jobs begins, as text: `created_at/id` of the job before it."""

from __future__ import annotations

import math
from typing import Final

from shoal.domain import ids
from shoal.domain.errors import InvalidRequest
from shoal.domain.job import Job

_LATEST: Final = 1e11
"""Seconds; tables hold no number that is much larger, and no job is that young."""


def page_key(last: Job) -> str:
    """The start of the page after this job."""
    return f"{last.created_at!r}/{last.id}"


def position(key: str) -> tuple[float, str]:
    """Creation time and id in a page key; raise InvalidRequest if it is none."""
    created_at, slash, job_id = key.partition("/")
    try:
        found = float(created_at), job_id
    except ValueError:
        found = math.nan, job_id
    if not slash or not ids.is_job_id(job_id) or not 0 <= found[0] < _LATEST:
        detail = "this page does not exist"
        raise InvalidRequest(detail, [("next_token", detail)])
    return found
