"""Transactions: several writes, all or none; and writes of single items that meet one."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, cast

from botocore.exceptions import ClientError

from shoal.adapters.aws_errors import (
    IN_TRANSACTION,
    code_of,
    is_transient,
    reasons_of,
    translated,
)
from shoal.adapters.backoff import tries
from shoal.domain.errors import Unavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_FAILED: Final = "ConditionalCheckFailed"


def written(
    client: DynamoDBClient,
    parts: Sequence[Mapping[str, Any]],
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> Sequence[bool]:
    """Write all parts or none; return whether each condition was met (all True: written).

    Repeats a transaction that was cancelled because of another one, or throttled.
    """
    for _ in tries(sleep):
        with translated():
            try:
                client.transact_write_items(TransactItems=cast("Any", parts))
            except ClientError as error:
                reasons = reasons_of(error)
                if _FAILED in reasons:
                    return [reason != _FAILED for reason in reasons]
                if not (reasons and is_transient(error)):
                    raise
            else:
                return [True] * len(parts)
    raise Unavailable("too many concurrent transactions")


def between_transactions[T](
    write: Callable[[], T], *, sleep: Callable[[float], None] = time.sleep
) -> T:
    """Write one item; repeat the write while a transaction writes the same item."""
    for _ in tries(sleep):
        try:
            return write()
        except ClientError as error:
            if code_of(error) != IN_TRANSACTION:
                raise
    raise Unavailable("too many concurrent transactions")
