"""Tenants in the registry, under `tenant` by name; the watch list under `open` by job id.

An entry and the tenant's counters change in one transaction, so that the counters are always the
sum of the entries.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from shoal.adapters.aws_errors import code_of, translated
from shoal.adapters.backoff import tries
from shoal.adapters.dynamodb.transactions import written
from shoal.adapters.rows.attributes import Row, Value, float_of, int_of, number, text, text_of
from shoal.domain.errors import Unavailable, WriteConflict
from shoal.domain.limits import Tenant, TokenBucket
from shoal.ports.tenants import TenantPage

if TYPE_CHECKING:
    from shoal.adapters.dynamodb.registry import Registry
    from shoal.domain.job import Job

_TENANT: Final = "tenant"
_OPEN: Final = "open"
_COUNT: Final = "ADD open_jobs :jobs, queued_tasks :tasks"
_LOST: Final = frozenset(("ConditionalCheckFailedException", "TransactionConflictException"))


class DynamoTenantStore:
    """One row per tenant. Its version guards limits and submits; counters use ADD."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def get(self, name: str) -> Tenant:
        row = self._registry.get(_TENANT, name)
        return Tenant(name=name) if row is None else _tenant(row)

    def page(self, *, limit: int, start: str | None) -> TenantPage:
        rows, following = self._registry.page(_TENANT, limit=limit, start=start)
        return TenantPage([*map(_tenant, rows)], following)

    def put(self, tenant: Tenant) -> None:
        condition, before = _over(tenant)
        with translated():
            try:
                self._registry.client.update_item(
                    TableName=self._registry.name,
                    Key=self._registry.key(_TENANT, tenant.name),
                    UpdateExpression="SET own = :own, v = :v",
                    ConditionExpression=condition,
                    ExpressionAttributeValues={
                        ":own": text(json.dumps(dict(tenant.own))),
                        ":v": number(tenant.version),
                        **before,
                    },
                )
            except ClientError as error:
                if code_of(error) in _LOST:
                    raise WriteConflict(tenant.name) from error
                raise

    def admit(self, tenant: Tenant, job_id: str, tasks: int) -> bool:
        counted, marked = written(
            self._registry.client,
            [
                self._admitted(tenant, tasks),
                _marked(self._registry, job_id, tenant.name, tasks),
            ],
        )
        if marked and not counted:
            raise WriteConflict(tenant.name)
        return marked

    def _admitted(self, tenant: Tenant, tasks: int) -> Mapping[str, Any]:
        bucket = tenant.bucket or TokenBucket(0, 0)
        condition, before = _over(tenant)
        update = _counted(self._registry, tenant.name, 1, tasks)["Update"]
        values = {
            ":tokens": number(bucket.tokens),
            ":at": number(bucket.at),
            ":v": number(tenant.version),
        }
        return {
            "Update": {
                **update,
                "UpdateExpression": f"SET tokens = :tokens, filled_at = :at, v = :v {_COUNT}",
                "ConditionExpression": condition,
                "ExpressionAttributeValues": {
                    **update["ExpressionAttributeValues"],
                    **values,
                    **before,
                },
            }
        }


class OpenJobs:
    """The watch list: ids of open jobs, each with its tenant and tasks."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def add(self, job: Job) -> None:
        """Add a job and count it; for a listed job, only its tasks are counted again."""
        tasks = job.task_count or 1
        for _ in tries():
            row = self._registry.get(_OPEN, job.id)
            if row is not None and int_of(row, "tasks") == tasks:
                return
            more = tasks if row is None else tasks - int_of(row, "tasks")
            mark = (
                _marked(self._registry, job.id, job.tenant, tasks)
                if row is None
                else self._changed(job.id, int_of(row, "tasks"), tasks)
            )
            counts = _counted(self._registry, job.tenant, int(row is None), more)
            if all(written(self._registry.client, [counts, mark])):
                return
        raise Unavailable(f"too many concurrent updates to the watch list entry of job {job.id}")

    def remove(self, job_id: str) -> None:
        """Remove a job and its counts."""
        for _ in tries():
            row = self._registry.get(_OPEN, job_id)
            if row is None:
                return
            tasks = int_of(row, "tasks")
            counts = _counted(self._registry, text_of(row, "tenant"), -1, -tasks)
            if all(written(self._registry.client, [counts, self._unmarked(job_id, tasks)])):
                return
        raise Unavailable(f"too many concurrent updates to the watch list entry of job {job_id}")

    def all(self) -> Iterator[str]:
        """Yield all entries."""
        return (row["sk"]["S"] for row in self._registry.partition(_OPEN))

    def _changed(self, job_id: str, before: int, tasks: int) -> Mapping[str, Any]:
        return {
            "Update": {
                "TableName": self._registry.name,
                "Key": self._registry.key(_OPEN, job_id),
                "UpdateExpression": "SET tasks = :tasks",
                "ConditionExpression": "tasks = :before",
                "ExpressionAttributeValues": {":tasks": number(tasks), ":before": number(before)},
            }
        }

    def _unmarked(self, job_id: str, tasks: int) -> Mapping[str, Any]:
        return {
            "Delete": {
                "TableName": self._registry.name,
                "Key": self._registry.key(_OPEN, job_id),
                "ConditionExpression": "tasks = :before",
                "ExpressionAttributeValues": {":before": number(tasks)},
            }
        }


def _counted(registry: Registry, tenant: str, jobs: int, tasks: int) -> Mapping[str, Any]:
    return {
        "Update": {
            "TableName": registry.name,
            "Key": registry.key(_TENANT, tenant),
            "UpdateExpression": _COUNT,
            "ExpressionAttributeValues": {":jobs": number(jobs), ":tasks": number(tasks)},
        }
    }


def _marked(registry: Registry, job_id: str, tenant: str, tasks: int) -> Mapping[str, Any]:
    return {
        "Put": {
            "TableName": registry.name,
            "Item": {
                **registry.key(_OPEN, job_id),
                "tenant": text(tenant),
                "tasks": number(tasks),
            },
            "ConditionExpression": "attribute_not_exists(pk)",
        }
    }


def _over(tenant: Tenant) -> tuple[str, Mapping[str, Value]]:
    """Return the condition on the previous version, and its values."""
    if tenant.version == 1:
        return "attribute_not_exists(v)", {}
    return "v = :before", {":before": number(tenant.version - 1)}


def _tenant(row: Row) -> Tenant:
    return Tenant(
        name=row["sk"]["S"],
        own=json.loads(text_of(row, "own") or "{}"),
        open_jobs=int_of(row, "open_jobs"),
        queued_tasks=int_of(row, "queued_tasks"),
        bucket=TokenBucket(float_of(row, "tokens"), float_of(row, "filled_at"))
        if "tokens" in row
        else None,
        version=int_of(row, "v"),
    )
