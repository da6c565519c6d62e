"""Tenants in the registry, under `tenant` by name. The watch list writes their counters."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from shoal.adapters.aws_errors import CONDITION_FAILED, IN_TRANSACTION, code_of, translated
from shoal.adapters.dynamodb.watch_list import COUNT
from shoal.adapters.rows.attributes import Row, Value, float_of, int_of, number, text, text_of
from shoal.domain.errors import WriteConflict
from shoal.domain.limits import Tenant, TokenBucket
from shoal.ports.tenants import TenantPage

if TYPE_CHECKING:
    from shoal.adapters.dynamodb.registry import Registry
    from shoal.adapters.dynamodb.watch_list import Part, WatchList
    from shoal.domain.job import Job

_TENANT: Final = "tenant"
_LOST: Final = frozenset((CONDITION_FAILED, IN_TRANSACTION))


class DynamoTenantStore:
    """One row per tenant. Its version guards limits and submits; counters use ADD."""

    def __init__(self, registry: Registry, watch_list: WatchList) -> None:
        self._registry = registry
        self._watch_list = watch_list

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

    def admit(self, tenant: Tenant, job: Job) -> bool:
        return self._watch_list.create(job, partial(self._admitted, tenant))

    def _admitted(self, tenant: Tenant, jobs: int, tasks: int) -> Part:
        bucket = tenant.bucket or TokenBucket(0, 0)
        condition, before = _over(tenant)
        update = self._watch_list.counted(tenant.name, jobs, tasks)["Update"]
        values = {
            ":tokens": number(bucket.tokens),
            ":at": number(bucket.at),
            ":v": number(tenant.version),
        }
        return {
            "Update": {
                **update,
                "UpdateExpression": f"SET tokens = :tokens, filled_at = :at, v = :v {COUNT}",
                "ConditionExpression": condition,
                "ExpressionAttributeValues": {
                    **update["ExpressionAttributeValues"],
                    **values,
                    **before,
                },
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
