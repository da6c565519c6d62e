"""Dead letters in the registry table, by job and cause.

The authoritative row is under `dead-letter-job#{job}`. A copy under `dead-letter-tenant#{tenant}`
sorts by the time of the first one; if its write is lost, the next dead letter updates it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from shoal.adapters.dynamodb.registry import Registry
from shoal.adapters.rows.attributes import Row, Value, float_of, int_of, number, text, text_of
from shoal.adapters.rows.later_versions import known_items, member
from shoal.domain.dead_letter import DeadCause, DeadLetter, DeadLetters
from shoal.domain.errors import WriteConflict
from shoal.ports.dead_letters import DeadLetterPage


class DynamoDeadLetterStore:
    """Two writes per dead letter."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def get(self, job_id: str, cause: DeadCause) -> DeadLetters | None:
        row = self._registry.get(_of_job(job_id), cause)
        return None if row is None else _letters(row)

    def put(self, letters: DeadLetters) -> None:
        row = _row(letters)
        over, given = "attribute_not_exists(pk)", dict[str, Value]()
        if letters.version > 1:
            over, given = "v = :before", {":before": number(letters.version - 1)}
        key = self._registry.key(_of_job(letters.job_id), letters.cause)
        if not self._registry.put_if({**key, **row}, over, given):
            raise WriteConflict(letters.place)
        copy = self._registry.key(_of_tenant(letters.tenant), letters.place)
        older = {":v": number(letters.version)}
        self._registry.put_if({**copy, **row}, "attribute_not_exists(pk) OR v < :v", older)

    def of_job(self, job_id: str) -> Sequence[DeadLetters]:
        return [_letters(row) for row in self._registry.partition(_of_job(job_id))]

    def of_tenant(self, tenant: str, *, limit: int, start: str | None) -> DeadLetterPage:
        rows, last = self._registry.page(
            _of_tenant(tenant), limit=limit, start=start, newest_first=True
        )
        return DeadLetterPage([_letters(row) for row in rows], last)


def _of_job(job_id: str) -> str:
    return f"dead-letter-job#{job_id}"


def _of_tenant(tenant: str) -> str:
    return f"dead-letter-tenant#{tenant}"


def _row(letters: DeadLetters) -> Mapping[str, Value]:
    examples = [[each.chunk, each.task, each.receives, each.at] for each in letters.examples]
    return {
        "tenant": text(letters.tenant),
        "job": text(letters.job_id),
        "cause": text(letters.cause),
        "first_at": number(letters.first_at),
        "last_at": number(letters.last_at),
        "count": number(letters.count),
        "receives": number(letters.receives),
        "examples": text(json.dumps(examples)),
        "expires_at": number(letters.expires_at),
        "v": number(letters.version),
    }


def _letters(row: Row) -> DeadLetters:
    return DeadLetters(
        tenant=text_of(row, "tenant"),
        job_id=text_of(row, "job"),
        cause=member(DeadCause, text_of(row, "cause")),
        first_at=float_of(row, "first_at"),
        last_at=float_of(row, "last_at"),
        count=int_of(row, "count"),
        receives=int_of(row, "receives"),
        examples=tuple(
            known_items(DeadLetter, each) for each in json.loads(text_of(row, "examples"))
        ),
        expires_at=int_of(row, "expires_at"),
        version=int_of(row, "v"),
    )
