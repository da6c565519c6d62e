"""Queries the two indexes of the jobs table: tenant and place; tenant, status and place.

They project only the attributes of filters, so queries are cheap, and other changes of a job cost
no index write.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from shoal.adapters.aws_errors import translated
from shoal.adapters.index_paging import IndexPage
from shoal.adapters.rows.attributes import Value, text
from shoal.adapters.rows.jobs import tag_mark, tenant_status
from shoal.domain.job import JobStatus
from shoal.domain.job_filter import JobFilter
from shoal.domain.page_key import below

if TYPE_CHECKING:
    from shoal.adapters.dynamodb.table import Table

_BY_TENANT: Final = "tenant-place"
_BY_STATUS: Final = "tenant-status-place"


@dataclass(frozen=True, slots=True)
class JobIndexes:
    """Queries a tenant's jobs in the indexes of the table."""

    jobs: Table
    tenant: str
    which: JobFilter

    def read(self, status: JobStatus | None, start: str | None, limit: int) -> IndexPage:
        """Read jobs of a status (None: any) below `start`, at most `limit` entries."""
        first = self.which.first
        end = self.which.end if start is None else min(self.which.end, below(start))
        if end < first:
            return IndexPage([], 0, None)
        index, key, value = (
            (_BY_TENANT, "tenant", self.tenant)
            if status is None
            else (_BY_STATUS, "tenant_status", tenant_status(self.tenant, status))
        )
        names, values, conditions = _conditions(self.which)
        query: dict[str, Any] = {
            "TableName": self.jobs.name,
            "IndexName": index,
            "KeyConditionExpression": "#key = :key AND #place BETWEEN :first AND :end",
            "ProjectionExpression": "#place",
            "ExpressionAttributeNames": {"#key": key, "#place": "place", **names},
            "ExpressionAttributeValues": {
                ":key": text(value),
                ":first": text(first),
                ":end": text(end),
                **values,
            },
            "ScanIndexForward": False,
            "Limit": limit,
        }
        if conditions:
            query["FilterExpression"] = " AND ".join(conditions)
        with translated():
            answer = self.jobs.client.query(**query)
        last = answer.get("LastEvaluatedKey")
        return IndexPage(
            [row["place"]["S"] for row in answer["Items"]],
            answer["ScannedCount"],
            None if last is None else last["place"]["S"],
        )


def _conditions(which: JobFilter) -> tuple[dict[str, str], dict[str, Value], list[str]]:
    """Return the filter expression; DynamoDB bills the entries read, not those returned."""
    wanted = {
        "task_type": ("{0} = {1}", which.task_type),
        "name": ("begins_with({0}, {1})", which.name or None),
        "marks": ("contains({0}, {1})", None if which.tag is None else tag_mark(which.tag)),
    }
    given = [(name, shape, value) for name, (shape, value) in wanted.items() if value is not None]
    names = {f"#{name}": name for name, _, _ in given}
    values = {f":{name}": text(value) for name, _, value in given}
    return names, values, [shape.format(f"#{name}", f":{name}") for name, shape, _ in given]
