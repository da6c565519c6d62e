"""Storage of dead letters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from shoal.domain.dead_letter import DeadCause, DeadLetters


class DeadLetterPage(NamedTuple):
    """A page of dead letters by job and cause, newest first, and the start of the next page."""

    letters: Sequence[DeadLetters]
    next_key: str | None


class DeadLetterStore(Protocol):
    """Records of dead letters."""

    def get(self, job_id: str, cause: DeadCause) -> DeadLetters | None:
        """Return the record of a job and cause."""

    def put(self, letters: DeadLetters) -> None:
        """Write it over its previous version; raise WriteConflict if another write came first."""

    def of_job(self, job_id: str) -> Sequence[DeadLetters]:
        """Return the records of a job, in any order."""

    def of_tenant(self, tenant: str, *, limit: int, start: str | None) -> DeadLetterPage:
        """Return the records of a tenant, greatest place first. `start` is a page's `next_key`."""
