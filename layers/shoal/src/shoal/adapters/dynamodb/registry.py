"""The registry table, keys `pk` and `sk`, and the task types in it, under `type`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from shoal.adapters.aws_errors import CONDITION_FAILED, code_of, translated
from shoal.adapters.dynamodb.transactions import between_transactions
from shoal.adapters.mean_duration import updated_mean
from shoal.adapters.rows.attributes import (
    Row,
    Value,
    float_of,
    int_of,
    number,
    text,
    text_of,
)
from shoal.adapters.rows.later_versions import known_fields
from shoal.domain.retry import RetryPolicy
from shoal.ports.clock import Clock
from shoal.ports.task_types import TaskType

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import QueryInputTypeDef

_KEPT_SECONDS: Final = 60.0


class Registry:
    """The registry table: small partitions of small rows."""

    def __init__(self, client: DynamoDBClient, name: str) -> None:
        self.client = client
        self.name = name

    def key(self, pk: str, sk: str) -> Mapping[str, Value]:
        """Return the key of a row."""
        return {"pk": text(pk), "sk": text(sk)}

    def partition(self, pk: str) -> Iterator[Row]:
        """Yield the rows of a partition, by `sk`."""
        pages = self.client.get_paginator("query").paginate(
            TableName=self.name,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": text(pk)},
            ConsistentRead=True,
        )
        with translated():
            for page in pages:
                yield from page["Items"]

    def get(self, pk: str, sk: str) -> Row | None:
        """Return the row with this key."""
        with translated():
            answer = self.client.get_item(
                TableName=self.name, Key=self.key(pk, sk), ConsistentRead=True
            )
        return answer.get("Item")

    def put_if(self, item: Mapping[str, Value], condition: str, given: Mapping[str, Value]) -> bool:
        """Write a row under a condition; return whether the condition was met."""
        values: Mapping[str, Any] = {"ExpressionAttributeValues": given} if given else {}
        write = partial(
            self.client.put_item,
            TableName=self.name,
            Item=item,
            ConditionExpression=condition,
            **values,
        )
        with translated():
            try:
                between_transactions(write)
            except ClientError as error:
                if code_of(error) != CONDITION_FAILED:
                    raise
                return False
        return True

    def remove(self, pk: str, sk: str, *, remembered_until: int) -> bool:
        """Delete a row and remember its key; return whether it existed or is remembered.

        So a repeated request, whose first answer may be lost, has the same result.
        """
        memory = f"removed#{pk}"
        if self.get(pk, sk) is None:
            return self.get(memory, sk) is not None
        with translated():
            self.client.put_item(
                TableName=self.name,
                Item={**self.key(memory, sk), "expires_at": number(remembered_until)},
            )
            self.client.delete_item(TableName=self.name, Key=self.key(pk, sk))
        return True

    def page(
        self, pk: str, *, limit: int, start: str | None, newest_first: bool = False
    ) -> tuple[list[Row], str | None]:
        """Return rows of a partition after `start`, by `sk`, and the last `sk` if more follow.

        With `newest_first`, rows are in descending order of `sk`.
        """
        query: QueryInputTypeDef = {
            "TableName": self.name,
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": {":pk": text(pk)},
            "ConsistentRead": True,
            "ScanIndexForward": not newest_first,
            "Limit": limit + 1,  # one more row than requested shows whether there is a next page
        }
        if start is not None:
            query["ExclusiveStartKey"] = self.key(pk, start)
        with translated():
            rows: list[Row] = [*self.client.query(**query)["Items"]]
        return rows[:limit], rows[limit - 1]["sk"]["S"] if len(rows) > limit else None


class DynamoTypeRegistry:
    """Task types, one row each; reads are cached for a minute."""

    def __init__(self, registry: Registry, clock: Clock) -> None:
        self._registry = registry
        self._clock = clock
        self._read: dict[str, tuple[float, TaskType]] = {}

    def get(self, name: str) -> TaskType | None:
        read_at, task_type = self._read.get(name, (0.0, None))
        if task_type is not None and self._clock.now() - read_at < _KEPT_SECONDS:
            return task_type
        row = self._registry.get("type", name)
        if row is None:
            return None
        task_type = _task_type(row)
        self._read[name] = self._clock.now(), task_type
        return task_type

    def all(self) -> list[TaskType]:
        return [_task_type(row) for row in self._registry.partition("type")]

    def register(self, task_type: TaskType) -> None:
        said = _attributes(task_type)
        names = {f"#{place}": name for place, name in enumerate(said)}
        with translated():
            self._registry.client.update_item(
                TableName=self._registry.name,
                Key=self._registry.key("type", task_type.name),
                UpdateExpression="SET " + ", ".join(f"{name} = :{name[1:]}" for name in names),
                ExpressionAttributeNames=names,
                ExpressionAttributeValues={
                    f":{place}": value for place, value in enumerate(said.values())
                },
            )
        self._read.pop(task_type.name, None)

    def record_duration(self, name: str, seconds: float) -> None:
        row = self._registry.get("type", name)
        if row is None:
            return
        before = row.get("mean_seconds")
        condition = "attribute_exists(pk) AND "
        condition += "attribute_not_exists(mean_seconds)" if before is None else "mean_seconds = :b"
        mean = updated_mean(None if before is None else float(before["N"]), seconds)
        values = {":mean": number(mean)} | ({} if before is None else {":b": before})
        with translated():
            try:
                self._registry.client.update_item(
                    TableName=self._registry.name,
                    Key=self._registry.key("type", name),
                    UpdateExpression="SET mean_seconds = :mean",
                    ConditionExpression=condition,
                    ExpressionAttributeValues=values,
                )
            except ClientError as error:
                # A concurrent measurement came first; this one is dropped.
                if code_of(error) != CONDITION_FAILED:
                    raise


_NOTHING: Final[Value] = {"NULL": True}


def _attributes(task_type: TaskType) -> Mapping[str, Value]:
    """Return all registered attributes, so that removed ones are deleted."""
    timeout, retry, batch = task_type.timeout, task_type.retry, task_type.batch
    return {
        "schema": text(json.dumps(task_type.schema)),
        "description": text(task_type.description),
        "timeout": _NOTHING if timeout is None else number(timeout),
        "retry": _NOTHING if retry is None else text(json.dumps(asdict(retry))),
        "batch": _NOTHING if batch is None else number(batch),
        "image": text(task_type.image),
        "digest": text(task_type.digest),
    }


def _task_type(row: Row) -> TaskType:
    return TaskType(
        name=row["sk"]["S"],
        schema=json.loads(row["schema"]["S"]),
        timeout=float_of(row, "timeout") if _has_number(row, "timeout") else None,
        description=text_of(row, "description"),
        retry=_retry(row.get("retry", _NOTHING)),
        batch=int_of(row, "batch") if _has_number(row, "batch") else None,
        image=text_of(row, "image"),
        digest=text_of(row, "digest"),
        mean_seconds=float_of(row, "mean_seconds") if "mean_seconds" in row else None,
    )


def _has_number(row: Row, name: str) -> bool:
    return "N" in row.get(name, _NOTHING)


def _retry(value: Value) -> RetryPolicy | None:
    if "S" not in value:
        return None
    fields = json.loads(value["S"])
    return RetryPolicy(
        **known_fields(RetryPolicy, fields) | {"non_retryable": tuple(fields["non_retryable"])}
    )
