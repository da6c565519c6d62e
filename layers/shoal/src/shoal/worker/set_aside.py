"""Runs whose lease failed alone. The request is repeated later, with the same id."""

from __future__ import annotations

from typing import Final, NamedTuple

from shoal.wire.worker import MAX_BATCH
from shoal.worker.chunk_run import ChunkRun

FIRST_DELAY: Final = 1.0
MAX_DELAY: Final = 60.0
"""Seconds before a lease that failed alone is repeated: doubled at each failure."""
_MAX_FAILURES: Final = 6
"""Failures after which the message returns to the queue: about a lease."""


class _PostponedRun(NamedTuple):
    run: ChunkRun
    request_id: str
    due: float


class SetAside:
    """The runs that wait, at most as many as one request may have. One thread uses it."""

    def __init__(self) -> None:
        self._entries: list[_PostponedRun] = []

    def put(self, run: ChunkRun, request_id: str, now: float, retry_after: float | None) -> float:
        """Sets a run aside; not if it failed too often, or too many others wait.

        Returns its delay in seconds.
        """
        seconds = min(
            MAX_DELAY, max(retry_after or 0.0, FIRST_DELAY * 2.0 ** min(run.failures, 16))
        )
        run.failures += 1
        if run.failures <= _MAX_FAILURES and len(self._entries) < MAX_BATCH:
            self._entries.append(_PostponedRun(run, request_id, now + seconds))
        return seconds

    def __contains__(self, run: ChunkRun) -> bool:
        """Whether a run waits."""
        return any(entry.run is run for entry in self._entries)

    @property
    def next_due(self) -> float:
        """The time at which the next run is due; infinity if none waits."""
        return min((entry.due for entry in self._entries), default=float("inf"))

    def take(self, now: float, limit: int) -> list[tuple[ChunkRun, str]]:
        """Returns the runs that are due, with their request ids."""
        due = [entry for entry in self._entries if entry.due <= now][:limit]
        self._entries = [entry for entry in self._entries if entry not in due]
        return [(entry.run, entry.request_id) for entry in due]
