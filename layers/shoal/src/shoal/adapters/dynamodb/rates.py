"""Rates of requests in the registry, under `rate#{tenant}` by name.

`full_at` is the time at which the bucket is full again, in microseconds. A request is one write,
without a read, and concurrent requests need no retry: each adds its step. Only a request that
finds the bucket full or empty makes a second one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from shoal.adapters.aws_errors import CONDITION_FAILED, code_of, translated
from shoal.adapters.backoff import tries
from shoal.adapters.rows.attributes import int_of, number
from shoal.domain.errors import Unavailable
from shoal.domain.job import DAY

if TYPE_CHECKING:
    from shoal.adapters.dynamodb.registry import Registry
    from shoal.domain.limits import Rate

_MICRO: Final = 1_000_000


class DynamoRateStore:
    """One row per tenant and rate in use; it expires a day after the bucket is full again."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def take(self, tenant: str, rate: Rate, now: int) -> int | None:
        place = f"rate#{tenant}", rate.name
        for _ in tries():
            if self._updated(
                *place,
                rate,
                now,
                update="SET full_at = full_at + :step, expires_at = :expires",
                condition="full_at BETWEEN :now AND :latest",
                values={":step": rate.step, ":now": now, ":latest": rate.latest(now)},
            ):
                return None
            row = self._registry.get(*place)
            full_at = 0 if row is None else int_of(row, "full_at")
            if full_at > rate.latest(now):
                return full_at
            if full_at < now and self._updated(
                *place,
                rate,
                now,
                update="SET full_at = :full_at, expires_at = :expires",
                condition="attribute_not_exists(full_at) OR full_at < :now",
                values={":full_at": now + rate.step, ":now": now},
            ):
                return None
        raise Unavailable(f"too many concurrent requests of tenant {tenant}")

    def _updated(
        self,
        pk: str,
        sk: str,
        rate: Rate,
        now: int,
        *,
        update: str,
        condition: str,
        values: dict[str, int],
    ) -> bool:
        expires = (rate.latest(now) + rate.step) // _MICRO + DAY
        given = {name: number(value) for name, value in {**values, ":expires": expires}.items()}
        with translated():
            try:
                self._registry.client.update_item(
                    TableName=self._registry.name,
                    Key=self._registry.key(pk, sk),
                    UpdateExpression=update,
                    ConditionExpression=condition,
                    ExpressionAttributeValues=given,
                )
            except ClientError as error:
                if code_of(error) != CONDITION_FAILED:
                    raise
                return False
        return True
