"""Which trace a job belongs to, as a W3C traceparent: https://www.w3.org/TR/trace-context/."""

from __future__ import annotations

import hashlib
import re
from typing import Final

_PARENT: Final = re.compile(
    r"(?P<version>(?!ff)[0-9a-f]{2})"
    r"-(?P<trace>(?!0{32})[0-9a-f]{32})"
    r"-(?P<span>(?!0{16})[0-9a-f]{16})"
    r"-(?P<flags>[0-9a-f]{2})"
    r"(?P<more>-.{0,200})?"
)
_SAMPLED: Final = "01"


def from_header(header: str | None) -> str:
    """What to keep of a request's `traceparent`; nothing of one that is not as the standard says.

    Later versions may say more behind the four fields; those are read and the rest is left out.
    """
    match = _PARENT.fullmatch(header or "")
    if match is None or (match["version"] == "00" and match["more"]):
        return ""
    return f"00-{match['trace']}-{match['span']}-{match['flags']}"


def of_job(job_id: str) -> str:
    """The trace of a job that came without one, the same wherever it is asked for."""
    digest = hashlib.sha256(f"trace of {job_id}".encode()).hexdigest()
    return f"00-{digest[:32]}-{digest[32:48]}-{_SAMPLED}"
