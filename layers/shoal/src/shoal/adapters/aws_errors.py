"""Translates botocore errors; none of them leaves the adapters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, cast

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    IncompleteReadError,
)
from botocore.exceptions import (
    ConnectionError as ConnectionFailed,
)

from shoal.domain.errors import ShoalError, Unavailable

CONDITION_FAILED: Final = "ConditionalCheckFailedException"
IN_TRANSACTION: Final = "TransactionConflictException"
"""A write of one item, while a transaction writes it too."""
_CANCELLED: Final = "TransactionCanceledException"
_PASSING: Final = frozenset(
    ("None", "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded")
)
"""Reasons of a cancelled transaction that can succeed if it is repeated."""
_TRANSIENT: Final = frozenset(
    (
        IN_TRANSACTION,
        "BandwidthLimitExceeded",
        "ExecutionLimitExceeded",
        "InternalServerError",
        "KmsThrottled",
        "KmsThrottlingException",
        "InternalFailure",
        "ItemCollectionSizeLimitExceededException",
        "LimitExceededException",
        "OperationAborted",
        "OverLimit",
        "PriorRequestNotComplete",
        "ReplicatedWriteConflictException",
        "ConditionalRequestConflict",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServiceUnavailable",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionInProgressException",
    )
)
_TOO_MANY: Final = 429
_SERVER_FAULT: Final = 500


class AwsError(ShoalError):
    """AWS rejected the call permanently: an error in the code, deployment or permissions."""


def code_of(error: ClientError) -> str:
    """Return the error code of AWS."""
    return error.response["Error"]["Code"]


def reasons_of(error: ClientError) -> list[str]:
    """Return the code of each write of a cancelled transaction, `None` if it was not the cause."""
    response = cast("Mapping[str, Any]", error.response)
    return [each.get("Code", "None") for each in response.get("CancellationReasons", ())]


def is_transient(error: ClientError) -> bool:
    """Return whether the same call may succeed later."""
    code = code_of(error)
    if code == _CANCELLED:
        reasons = reasons_of(error)
        return bool(reasons) and _PASSING.issuperset(reasons)
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    return code in _TRANSIENT or status == _TOO_MANY or status >= _SERVER_FAULT


@contextmanager
def translated() -> Iterator[None]:
    """Raise Unavailable if a retry may succeed, else AwsError."""
    try:
        yield
    except ClientError as error:
        if is_transient(error):
            raise Unavailable(str(error)) from error
        raise AwsError(str(error)) from error
    except (ConnectionFailed, HTTPClientError, IncompleteReadError) as error:
        raise Unavailable(str(error)) from error
    except BotoCoreError as error:
        raise AwsError(str(error)) from error
