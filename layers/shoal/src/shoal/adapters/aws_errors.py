"""Translates botocore errors; none of them leaves the adapters."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

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

_TRANSIENT: Final = frozenset(
    (
        "InternalServerError",
        "InternalFailure",
        "ItemCollectionSizeLimitExceededException",
        "LimitExceededException",
        "OperationAborted",
        "ConditionalRequestConflict",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestTimeout",
        "ServiceUnavailable",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionInProgressException",
    )
)
_SERVER_FAULT: Final = 500


class AwsError(ShoalError):
    """AWS rejected the call permanently: an error in the code, deployment or permissions."""


def code_of(error: ClientError) -> str:
    """Return the error code of AWS."""
    return error.response["Error"]["Code"]


@contextmanager
def translated() -> Iterator[None]:
    """Raise Unavailable if a retry may succeed, else AwsError."""
    try:
        yield
    except ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        if code_of(error) in _TRANSIENT or status >= _SERVER_FAULT:
            raise Unavailable(str(error)) from error
        raise AwsError(str(error)) from error
    except (ConnectionFailed, HTTPClientError, IncompleteReadError) as error:
        raise Unavailable(str(error)) from error
    except BotoCoreError as error:
        raise AwsError(str(error)) from error
