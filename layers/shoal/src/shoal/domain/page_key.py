"""A job's place among those of its tenant: text that sorts by creation, `milliseconds/id`."""

from __future__ import annotations

import re
from typing import Final

from shoal.domain.job import Job
from shoal.domain.pages import invalid_page

FIRST: Final = "0"
LAST: Final = "~"
"""All places are between these two."""

_LATEST: Final = 9_999_999_999.999
_PLACE: Final = re.compile(r"[0-9]{13}/(job_[0-9A-HJKMNP-TV-Z]{26})", re.ASCII)


def place(job: Job) -> str:
    """Where the job is; the milliseconds are those that users read."""
    return f"{bound(job.created_at)}/{job.id}"


def bound(seconds: float) -> str:
    """What the places of jobs made before a time are less than, and all others greater."""
    return f"{round(1_000 * min(max(0.0, seconds), _LATEST)):013}"


def below(of: str) -> str:
    """What the next lower place can be at most."""
    return f"{of[:-1]}{chr(ord(of[-1]) - 1)}{LAST}"


def id_at(of: str) -> str:
    """The id of the job at a place; raise InvalidRequest if it is none."""
    found = _PLACE.fullmatch(of)
    if found is None:
        raise invalid_page()
    return found[1]
