"""The watch list in the registry, under `open` by job id; the attribute `n` is the job's version.

A line changes in one transaction with the job's row that makes the job live, and with the counters
of its tenant, so that the counters are always the sum of the lines.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from shoal.adapters.backoff import tries
from shoal.adapters.dynamodb.transactions import written
from shoal.adapters.rows.attributes import Row, Value, int_of, number, text, text_of
from shoal.adapters.rows.jobs import job_row
from shoal.domain.errors import Unavailable, WriteConflict
from shoal.domain.watch_line import WatchLine, tasks_of
from shoal.ports.jobs import WatchPage

if TYPE_CHECKING:
    from shoal.adapters.dynamodb.registry import Registry
    from shoal.adapters.dynamodb.table import Table
    from shoal.domain.job import Job

_TENANT: Final = "tenant"
_OPEN: Final = "open"
COUNT: Final = "ADD open_jobs :jobs, queued_tasks :tasks"

type Part = Mapping[str, Any]


class WatchList:
    """Writes of jobs that become live, and their lines."""

    def __init__(self, registry: Registry, jobs: Table) -> None:
        self._registry = registry
        self._jobs = jobs

    def create(self, job: Job, admitted: Callable[[int, int], Part]) -> bool:
        """Create the job with its line; return False if a job has its id.

        `admitted` returns the conditional write of the tenant for a number of jobs and tasks to
        count. Raises WriteConflict if its condition fails.
        """
        put = {"Item": job_row(job), "ConditionExpression": "attribute_not_exists(id)"}
        stands, counted = self._write(job, put, admitted)
        if stands and not counted:
            raise WriteConflict(job.tenant)
        return stands

    def begin(self, job: Job) -> None:
        """Write the job over its previous version, with its line; raise WriteConflict."""
        put = {
            "Item": job_row(job),
            "ConditionExpression": "v = :v",
            "ExpressionAttributeValues": {":v": number(job.version - 1)},
        }
        stood, _ = self._write(job, put, lambda jobs, tasks: self.counted(job.tenant, jobs, tasks))
        if not stood:
            raise WriteConflict(job.id)

    def count_tasks(self, job: Job) -> None:
        """Set the tasks of the line, if there is one, and count them."""
        for _ in tries():
            line = self.get(job.id)
            if line is None or line.tasks == tasks_of(job):
                return
            changed = line._replace(tasks=tasks_of(job))
            parts = [
                self._change(line, changed),
                self.counted(line.tenant, 0, changed.tasks - line.tasks),
            ]
            if all(written(self._registry.client, parts)):
                return
        raise Unavailable(f"too many concurrent updates to the watch list line of job {job.id}")

    def remove(self, line: WatchLine) -> bool:
        """Remove the line and its counts if it is as it was read."""
        condition, values = _as_read(line)
        delete = {
            "Delete": {
                "TableName": self._registry.name,
                "Key": self._registry.key(_OPEN, line.job_id),
                "ConditionExpression": condition,
                "ExpressionAttributeValues": values,
            }
        }
        counts = self.counted(line.tenant, -1, -line.tasks)
        return all(written(self._registry.client, [delete, counts]))

    def get(self, job_id: str) -> WatchLine | None:
        """Return the line of a job."""
        row = self._registry.get(_OPEN, job_id)
        return None if row is None else _line(row)

    def page(self, *, limit: int, start: str | None) -> WatchPage:
        """Return a page of lines, by job id."""
        rows, following = self._registry.page(_OPEN, limit=limit, start=start)
        return WatchPage([*map(_line, rows)], following)

    def counted(self, tenant: str, jobs: int, tasks: int) -> Part:
        """Return the write that adds to the counters of a tenant."""
        return {
            "Update": {
                "TableName": self._registry.name,
                "Key": self._registry.key(_TENANT, tenant),
                "UpdateExpression": COUNT,
                "ExpressionAttributeValues": {":jobs": number(jobs), ":tasks": number(tasks)},
            }
        }

    def _write(
        self, job: Job, put: Mapping[str, Any], counted: Callable[[int, int], Part]
    ) -> tuple[bool, bool]:
        """Write the job, its line and the counts.

        Returns whether the condition of the job and that of the counts held.

        Most jobs that become live have no line, so it is read only if that turns out wrong.
        """
        line, new = None, WatchLine.of(job)
        row = {"Put": {"TableName": self._jobs.name, **put}}
        for _ in tries():
            parts = [
                row,
                counted(int(line is None), new.tasks - (0 if line is None else line.tasks)),
                self._put_new(new) if line is None else self._change(line, new),
            ]
            stood, was_counted, watched = written(self._registry.client, parts)
            if watched or not (stood and was_counted):
                return stood, was_counted
            line = self.get(job.id)
        raise Unavailable(f"too many concurrent updates to the watch list line of job {job.id}")

    def _put_new(self, line: WatchLine) -> Part:
        return {
            "Put": {
                "TableName": self._registry.name,
                "Item": {
                    **self._registry.key(_OPEN, line.job_id),
                    "tenant": text(line.tenant),
                    "tasks": number(line.tasks),
                    **_version(line),
                },
                "ConditionExpression": "attribute_not_exists(pk)",
            }
        }

    def _change(self, line: WatchLine, changed: WatchLine) -> Part:
        condition, values = _as_read(line)
        new = {f":new_{name}": value for name, value in _version(changed).items()}
        return {
            "Update": {
                "TableName": self._registry.name,
                "Key": self._registry.key(_OPEN, line.job_id),
                "UpdateExpression": "SET tasks = :tasks" + ", n = :new_n" * bool(new),
                "ConditionExpression": condition,
                "ExpressionAttributeValues": {":tasks": number(changed.tasks), **values, **new},
            }
        }


def _line(row: Row) -> WatchLine:
    version = int_of(row, "n") if "n" in row else None
    return WatchLine(row["sk"]["S"], text_of(row, "tenant"), int_of(row, "tasks"), version)


def _version(line: WatchLine) -> Mapping[str, Value]:
    return {} if line.job_version is None else {"n": number(line.job_version)}


def _as_read(line: WatchLine) -> tuple[str, Mapping[str, Value]]:
    """Return the condition that the line is as it was read, and its values."""
    tasks = {":read_tasks": number(line.tasks)}
    if line.job_version is None:
        return "tasks = :read_tasks AND attribute_not_exists(n)", tasks
    return "tasks = :read_tasks AND n = :read_n", {**tasks, ":read_n": number(line.job_version)}
