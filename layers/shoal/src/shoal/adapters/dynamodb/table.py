"""A table with the key `id`: strong reads, conditional writes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from itertools import batched
from typing import TYPE_CHECKING, Any, Final, cast

from botocore.exceptions import ClientError

from shoal.adapters.aws_errors import CONDITION_FAILED, code_of, translated
from shoal.adapters.backoff import tries
from shoal.adapters.dynamodb.transactions import between_transactions, written
from shoal.adapters.parallel import in_parallel
from shoal.adapters.rows.attributes import Row, Value, number, text
from shoal.domain.errors import Unavailable, WriteConflict

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import (
        KeysAndAttributesOutputTypeDef,
        KeysAndAttributesTypeDef,
    )

_BATCH: Final = 100


class Table:
    """Rows by id. The attribute `v` holds a row's version."""

    def __init__(
        self, client: DynamoDBClient, name: str, *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self.client = client
        self.name = name
        self._sleep = sleep

    def get(self, row_id: str) -> Row | None:
        """Return the row with this id."""
        with translated():
            answer = self.client.get_item(
                TableName=self.name, Key={"id": text(row_id)}, ConsistentRead=True
            )
        return answer.get("Item")

    def get_many(self, row_ids: Iterable[str], *, only: str | None = None) -> Mapping[str, Row]:
        """Return the existing rows, by id; `only` lists the attributes to read."""
        batches = batched(dict.fromkeys(row_ids), _BATCH, strict=False)
        pages = in_parallel(partial(self._batch, only), batches)
        return {row["id"]["S"]: row for page in pages for row in page}

    def put_new(self, row: Row) -> bool:
        """Write the row if its id does not exist; return whether it was written."""
        return self._put(row, "attribute_not_exists(id)", {})

    def put_new_if(self, row: Row, other: str, condition: str, values: Mapping[str, Value]) -> bool:
        """Write the row if its id does not exist and another row meets a condition.

        Returns whether it was written; raises WriteConflict if the condition is not met.
        """
        new = "attribute_not_exists(id)"
        check = {
            "TableName": self.name,
            "Key": {"id": text(other)},
            "ConditionExpression": condition,
            "ExpressionAttributeValues": values,
        }
        put = {"TableName": self.name, "Item": row, "ConditionExpression": new}
        parts = [{"ConditionCheck": check}, {"Put": put}]
        held, absent = written(self.client, parts, sleep=self._sleep)
        if not held:
            raise WriteConflict(other)
        return absent

    def put_all_new(self, rows: Iterable[Row]) -> None:
        """Write the rows whose id does not exist."""
        in_parallel(self.put_new, rows)

    def put_over(self, row: Row, version: int) -> None:
        """Write the row over this version; raise WriteConflict if the version differs."""
        if not self._put(row, "v = :v", {"ExpressionAttributeValues": {":v": number(version)}}):
            raise WriteConflict(row["id"]["S"])

    def put_if(self, row: Row, condition: str, values: Mapping[str, Value]) -> bool:
        """Write the row under a condition; return whether it was met."""
        return self._put(row, condition, {"ExpressionAttributeValues": values} if values else {})

    def set_where(
        self,
        row_id: str,
        values: Mapping[str, Value],
        condition: str,
        given: Mapping[str, Value],
    ) -> tuple[bool, Row]:
        """SET attributes under a condition; return whether it was met, and the resulting row.

        `#0`, `#1` in the condition are the attributes that are set, in order; `given` has the
        values for the comparison.
        """
        names = {f"#{place}": name for place, name in enumerate(values)}
        new = {f":{place}": value for place, value in enumerate(values.values())}
        update = "SET " + ", ".join(f"#{place} = :{place}" for place in range(len(values)))
        return self.update(row_id, update, condition, names, {**new, **given})

    def update(
        self,
        row_id: str,
        update: str,
        condition: str,
        names: Mapping[str, str],
        values: Mapping[str, Value],
    ) -> tuple[bool, Row]:
        """Update under a condition; return whether it was met, and the resulting row."""
        write = partial(
            self.client.update_item,
            TableName=self.name,
            Key={"id": text(row_id)},
            UpdateExpression=update,
            ConditionExpression=condition,
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=values,
            ReturnValues="ALL_NEW",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
        with translated():
            try:
                answer = between_transactions(write, sleep=self._sleep)
            except ClientError as error:
                if code_of(error) != CONDITION_FAILED:
                    raise
                stands: Row = cast("Row", error.response.get("Item", {}))
            else:
                return True, answer["Attributes"]
        return False, stands

    def _put(self, row: Row, condition: str, values: Mapping[str, Any]) -> bool:
        write = partial(
            self.client.put_item,
            TableName=self.name,
            Item=row,
            ConditionExpression=condition,
            **values,
        )
        with translated():
            try:
                between_transactions(write, sleep=self._sleep)
            except ClientError as error:
                if code_of(error) != CONDITION_FAILED:
                    raise
                return False
        return True

    def _batch(self, only: str | None, row_ids: Iterable[str]) -> list[Row]:
        keys = [{"id": text(row_id)} for row_id in row_ids]
        asked: KeysAndAttributesTypeDef = {"Keys": keys, "ConsistentRead": True}
        if only is not None:
            asked["ProjectionExpression"] = only
        wanted: Mapping[str, KeysAndAttributesTypeDef | KeysAndAttributesOutputTypeDef]
        wanted = {self.name: asked}
        rows: list[Row] = []
        for _ in tries(self._sleep):
            with translated():
                answer = self.client.batch_get_item(RequestItems=wanted)
            rows += answer["Responses"].get(self.name, [])
            wanted = answer["UnprocessedKeys"]
            if not wanted:
                return rows
        raise Unavailable(f"table {self.name} did not return all rows")
