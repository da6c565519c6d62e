"""The trace of a job, a W3C traceparent: https://www.w3.org/TR/trace-context/."""

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
    """Return the part of a `traceparent` header to store; empty if the header is invalid.

    Later versions can add fields after the four known ones; the added fields are ignored.
    """
    match = _PARENT.fullmatch(header or "")
    if match is None or (match["version"] == "00" and match["more"]):
        return ""
    return f"00-{match['trace']}-{match['span']}-{match['flags']}"


def of_job(job_id: str) -> str:
    """Return the trace of a job without a traceparent, computed from its id."""
    digest = hashlib.sha256(f"trace of {job_id}".encode()).hexdigest()
    return f"00-{digest[:32]}-{digest[32:48]}-{_SAMPLED}"
