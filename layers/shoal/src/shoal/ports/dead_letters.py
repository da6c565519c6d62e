"""Where dead letters are noted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from shoal.domain.dead_letter import DeadCause, DeadLetters


class DeadLetterPage(NamedTuple):
    """Dead letters by job and cause, newest first, and where the next page begins."""

    letters: Sequence[DeadLetters]
    next_key: str | None


class DeadLetterStore(Protocol):
    """What the dead-letter queue saw."""

    def get(self, job_id: str, cause: DeadCause) -> DeadLetters | None:
        """Those of a job and cause, as they now are."""

    def put(self, letters: DeadLetters) -> None:
        """Write them over the version before; raise WriteConflict if that is not there."""

    def of_job(self, job_id: str) -> Sequence[DeadLetters]:
        """Those of a job, in any order."""

    def of_tenant(self, tenant: str, *, limit: int, start: str | None) -> DeadLetterPage:
        """Those of a tenant, greatest place first. `start` is a page's `next_key`."""
