"""Transactions: several writes, all or none."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, cast

from botocore.exceptions import ClientError

from shoal.adapters.aws_errors import translated
from shoal.adapters.backoff import tries
from shoal.domain.errors import Unavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_FAILED: Final = "ConditionalCheckFailed"
_CONFLICT: Final = "TransactionConflict"


def written(
    client: DynamoDBClient,
    parts: Sequence[Mapping[str, Any]],
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> Sequence[bool]:
    """Write all parts or none; return whether each condition was met (all True: written)."""
    for _ in tries(sleep):
        with translated():
            try:
                client.transact_write_items(TransactItems=cast("Any", parts))
            except ClientError as error:
                response = cast("Mapping[str, Any]", error.response)
                codes = [each.get("Code") for each in response.get("CancellationReasons", ())]
                if _FAILED in codes:
                    return [code != _FAILED for code in codes]
                if _CONFLICT not in codes:
                    raise
            else:
                return [True] * len(parts)
    raise Unavailable("too many concurrent transactions")
