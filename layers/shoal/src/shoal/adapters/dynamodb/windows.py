"""Windows in the jobs table; a transaction writes them with chunks of the tasks table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from shoal.adapters.dynamodb.transactions import written
from shoal.adapters.rows.attributes import Row, Value, number, text
from shoal.adapters.rows.chunks import chunk_row, follows
from shoal.adapters.rows.jobs import job_row
from shoal.adapters.rows.windows import cursor_id, stands, window_of, window_row
from shoal.domain.chunk import Chunk
from shoal.domain.errors import WriteConflict
from shoal.domain.job import Job
from shoal.domain.window import Window

if TYPE_CHECKING:
    from shoal.adapters.dynamodb.table import Table

type _Part = Mapping[str, Any]


class DynamoWindowStore:
    """One row per generation. A write of several rows is one transaction."""

    def __init__(self, jobs: Table, tasks: Table) -> None:
        self._jobs = jobs
        self._tasks = tasks

    def get(self, job: Job) -> Window | None:
        row = self._jobs.get(cursor_id(job.id, job.generation))
        return None if row is None else window_of(row, job.width)

    def open(self, job: Job, window: Window) -> None:
        unchanged = _over(job.version)
        check = {"Key": {"id": text(job.id)}, "TableName": self._jobs.name, **unchanged}
        self._write(job, [{"ConditionCheck": check}, self._window(job, None, window)])

    def put(self, job: Job, before: Window | None, after: Window) -> None:
        condition, values = stands(before)
        if not self._jobs.put_if(window_row(job, after), condition, values):
            raise WriteConflict(cursor_id(job.id, job.generation))

    def note(self, job: Job, chunks: Sequence[Chunk], before: Window | None, after: Window) -> None:
        rows = [
            _put(self._tasks, chunk_row(chunk), _condition(*follows(chunk))) for chunk in chunks
        ]
        self._write(job, [*rows, self._window(job, before, after)])

    def resize(self, job: Job, before: Window | None, after: Window | None) -> None:
        row = _put(self._jobs, job_row(job), _over(job.version - 1))
        if after is not None:
            window = self._window(job, before, after)
        else:
            key = {"id": text(cursor_id(job.id, job.generation))}
            check = {"Key": key, "TableName": self._jobs.name, **_condition(*stands(None))}
            window = {"ConditionCheck": check}
        self._write(job, [row, window])

    def _window(self, job: Job, before: Window | None, after: Window) -> _Part:
        return _put(self._jobs, window_row(job, after), _condition(*stands(before)))

    def _write(self, job: Job, parts: Sequence[_Part]) -> None:
        if not all(written(self._jobs.client, parts)):
            raise WriteConflict(cursor_id(job.id, job.generation))


def _put(table: Table, row: Row, condition: _Part) -> _Part:
    return {"Put": {"TableName": table.name, "Item": row, **condition}}


def _over(version: int) -> _Part:
    return _condition("v = :v", {":v": number(version)})


def _condition(condition: str, values: Mapping[str, Value]) -> _Part:
    found: dict[str, Any] = {"ConditionExpression": condition}
    return found | ({"ExpressionAttributeValues": values} if values else {})
