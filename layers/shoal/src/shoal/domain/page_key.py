"""The place of a job in its tenant's list: text that sorts by creation, `milliseconds/id`."""

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
    """Return the place of a job; users read the same milliseconds."""
    return f"{bound(job.created_at)}/{job.id}"


def bound(seconds: float) -> str:
    """Return the bound between places of jobs created before a time and of later ones."""
    return f"{round(1_000 * min(max(0.0, seconds), _LATEST)):013}"


def below(of: str) -> str:
    """Return the upper bound of the next lower place."""
    return f"{of[:-1]}{chr(ord(of[-1]) - 1)}{LAST}"


def id_at(of: str) -> str:
    """Return the id of the job at a place; raise InvalidRequest if it is not a place."""
    found = _PLACE.fullmatch(of)
    if found is None:
        raise invalid_page()
    return found[1]
