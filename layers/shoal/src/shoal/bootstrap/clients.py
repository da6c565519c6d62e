"""Creates clients of AWS. Importing it creates none and does not import botocore."""

from __future__ import annotations

import time
from functools import cache, partial
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from botocore.session import Session

_CONNECT_SECONDS: Final = 2.0
_READ_SECONDS: Final = 8.0
_ATTEMPTS: Final = 3
_CONNECTIONS: Final = 32
_THROTTLED_SECONDS: Final = 60.0
"""Seconds after a throttled call in which the SDK does not retry. Retries of all calls would make a
throttled table three times as busy; workers, clients and state machines retry later."""
_THROTTLES: Final = frozenset(
    (
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    )
)

type Addressing = Literal["auto", "virtual"]

_creation_lock = Lock()
"""A botocore session is not thread-safe while it creates a client."""


class LazyClient:
    """A client that is created at its first call, because most requests need only one or two.

    It uses botocore. The import of boto3 takes 60 ms more CPU, for features that are not used.
    After a throttled call, each call has one attempt for a minute.
    """

    def __init__(
        self,
        service: str,
        *,
        endpoint: str | None = None,
        addressing: Addressing = "auto",
        fail_fast: bool = False,
    ) -> None:
        self._service = service
        self._endpoint = endpoint
        self._addressing = addressing
        self._fail_fast = fail_fast
        self._throttled_until = float("-inf")
        self._clients: dict[int, Any] = {}

    def __getattr__(self, name: str) -> Any:
        client = self._client(_ATTEMPTS)
        if name in client.meta.method_to_api_mapping:
            return partial(self._call, name)
        return getattr(client, name)

    def _call(self, operation: str, /, **request: Any) -> Any:
        attempts = 1 if time.monotonic() < self._throttled_until else _ATTEMPTS
        try:
            return getattr(self._client(attempts), operation)(**request)
        except Exception as error:
            response = getattr(error, "response", {})  # only a ClientError has one
            if response.get("Error", {}).get("Code") in _THROTTLES:
                self._throttled_until = time.monotonic() + _THROTTLED_SECONDS
            raise

    def _client(self, attempts: int) -> Any:
        with _creation_lock:
            if attempts not in self._clients:
                self._clients[attempts] = create_client(
                    self._service,
                    self._endpoint,
                    self._addressing,
                    attempts=1 if self._fail_fast else attempts,
                    read_seconds=_CONNECT_SECONDS if self._fail_fast else _READ_SECONDS,
                )
        return self._clients[attempts]


def create_client(
    service: str,
    endpoint: str | None = None,
    addressing: Addressing = "auto",
    *,
    attempts: int = _ATTEMPTS,
    read_seconds: float = _READ_SECONDS,
) -> object:
    """Return a client of an AWS service."""
    from botocore.config import Config  # noqa: PLC0415 - 60 ms CPU; imported by the first call

    config = Config(
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=read_seconds,
        retries={"mode": "standard", "total_max_attempts": attempts},
        max_pool_connections=_CONNECTIONS,
        tcp_keepalive=True,
        signature_version="s3v4" if service == "s3" else None,
        s3={"addressing_style": addressing, "us_east_1_regional_endpoint": "regional"}
        if service == "s3"
        else None,
    )
    return _session().create_client(service, config=config, endpoint_url=endpoint)


@cache
def _session() -> Session:
    """Return the session of all clients, which loads the endpoints and partitions once."""
    from botocore.session import get_session  # noqa: PLC0415 - see above

    return get_session()
