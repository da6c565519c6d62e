"""Times on the wire: RFC 3339, UTC, milliseconds."""

from datetime import UTC, datetime
from functools import lru_cache


def rfc3339(seconds: float) -> str:
    """Format seconds since the epoch as `2026-11-25T00:00:00.000Z`."""
    whole, milliseconds = divmod(round(seconds * 1_000), 1_000)
    return f"{_second(whole)}.{milliseconds:03}Z"


@lru_cache(maxsize=1_024)
def _second(whole: int) -> str:
    """Format a whole second; cached, because the tasks of a page share most of them."""
    return datetime.fromtimestamp(whole, UTC).strftime("%Y-%m-%dT%H:%M:%S")
