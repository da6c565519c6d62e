"""Dead letters in memory."""

from __future__ import annotations

from collections.abc import Sequence

from shoal.domain.dead_letter import DeadCause, DeadLetters
from shoal.domain.errors import WriteConflict
from shoal.ports.dead_letters import DeadLetterPage


class MemoryDeadLetterStore:
    """Dead letters by job and cause."""

    def __init__(self) -> None:
        self._letters: dict[tuple[str, DeadCause], DeadLetters] = {}

    def get(self, job_id: str, cause: DeadCause) -> DeadLetters | None:
        return self._letters.get((job_id, cause))

    def put(self, letters: DeadLetters) -> None:
        key = letters.job_id, letters.cause
        known = self._letters.get(key)
        if (0 if known is None else known.version) != letters.version - 1:
            raise WriteConflict(letters.place)
        self._letters[key] = letters

    def of_job(self, job_id: str) -> Sequence[DeadLetters]:
        return [each for each in self._letters.values() if each.job_id == job_id]

    def of_tenant(self, tenant: str, *, limit: int, start: str | None) -> DeadLetterPage:
        found = [
            each
            for each in self._letters.values()
            if each.tenant == tenant and (start is None or each.place < start)
        ]
        found.sort(key=lambda each: each.place, reverse=True)
        page = found[:limit]
        return DeadLetterPage(page, page[-1].place if len(found) > limit else None)
