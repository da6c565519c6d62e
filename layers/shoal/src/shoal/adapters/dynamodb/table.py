"""One table with the key `id`: strong reads, conditional writes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from itertools import batched
from typing import TYPE_CHECKING, Any, Final, cast

from botocore.exceptions import ClientError

from shoal.adapters.aws_errors import code_of, translated
from shoal.adapters.backoff import tries
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
_CONDITION_FAILED: Final = "ConditionalCheckFailedException"


class Table:
    """Rows by id. `v` is the attribute with a row's version."""

    def __init__(
        self, client: DynamoDBClient, name: str, *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self.client = client
        self.name = name
        self._sleep = sleep

    def get(self, row_id: str) -> Row | None:
        """The row of this id."""
        with translated():
            answer = self.client.get_item(
                TableName=self.name, Key={"id": text(row_id)}, ConsistentRead=True
            )
        return answer.get("Item")

    def get_many(self, row_ids: Iterable[str], *, only: str | None = None) -> Mapping[str, Row]:
        """Those of the rows that exist, by id; `only` names the attributes that are wanted."""
        batches = batched(dict.fromkeys(row_ids), _BATCH, strict=False)
        pages = in_parallel(partial(self._batch, only), batches)
        return {row["id"]["S"]: row for page in pages for row in page}

    def put_new(self, row: Row) -> bool:
        """Write the row if there is none of its id; whether it was written."""
        return self._put(row, "attribute_not_exists(id)", {})

    def put_new_if(self, row: Row, other: str, condition: str, values: Mapping[str, Value]) -> bool:
        """Write the row if there is none of its id and a condition holds of another row.

        Whether it was written; WriteConflict if the condition does not hold.
        """
        new = "attribute_not_exists(id)"
        check = {
            "TableName": self.name,
            "Key": {"id": text(other)},
            "ConditionExpression": condition,
            "ExpressionAttributeValues": values,
        }
        put = {"TableName": self.name, "Item": row, "ConditionExpression": new}
        with translated():
            try:
                self.client.transact_write_items(
                    TransactItems=cast("Any", [{"ConditionCheck": check}, {"Put": put}])
                )
            except ClientError as error:
                held, written = _reasons(error)
                if not held:
                    raise WriteConflict(other) from error
                if written:
                    raise
                return False
        return True

    def put_all_new(self, rows: Iterable[Row]) -> None:
        """Write those rows of whose id there is none."""
        in_parallel(self.put_new, rows)

    def put_over(self, row: Row, version: int) -> None:
        """Write the row over this version of it; raise WriteConflict if another one is there."""
        if not self._put(row, "v = :v", {"ExpressionAttributeValues": {":v": number(version)}}):
            raise WriteConflict(row["id"]["S"])

    def set_where(
        self,
        row_id: str,
        values: Mapping[str, Value],
        condition: str,
        given: Mapping[str, Value],
    ) -> tuple[bool, Row]:
        """SET attributes under a condition; whether it held, and the row as it then is.

        `#0`, `#1` in the condition name the attributes that are set, in order; `given` has the
        values that it compares with.
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
        """Update under a condition; whether it held, and the row as it then is."""
        with translated():
            try:
                answer = self.client.update_item(
                    TableName=self.name,
                    Key={"id": text(row_id)},
                    UpdateExpression=update,
                    ConditionExpression=condition,
                    ExpressionAttributeNames=names,
                    ExpressionAttributeValues=values,
                    ReturnValues="ALL_NEW",
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
            except ClientError as error:
                if code_of(error) != _CONDITION_FAILED:
                    raise
                stands: Row = cast("Row", error.response.get("Item", {}))
            else:
                return True, answer["Attributes"]
        return False, stands

    def _put(self, row: Row, condition: str, values: Mapping[str, Any]) -> bool:
        with translated():
            try:
                self.client.put_item(
                    TableName=self.name, Item=row, ConditionExpression=condition, **values
                )
            except ClientError as error:
                if code_of(error) != _CONDITION_FAILED:
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
        raise Unavailable(f"table {self.name} did not give all rows")


def _reasons(error: ClientError) -> tuple[bool, bool]:
    """Whether the conditions of a transaction's two parts held; raises any other error."""
    reasons = cast("Mapping[str, Any]", error.response).get("CancellationReasons", ())
    if len(reasons) != 2:  # noqa: PLR2004 - the two parts
        raise error
    first, second = (reason.get("Code") != "ConditionalCheckFailed" for reason in reasons)
    return first, second
