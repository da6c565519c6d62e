"""Creates clients of AWS. Importing it creates none and does not import botocore."""

from __future__ import annotations

from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from botocore.session import Session

_CONNECT_SECONDS: Final = 2.0
_READ_SECONDS: Final = 8.0
_ATTEMPTS: Final = 3
_CONNECTIONS: Final = 32

type Addressing = Literal["auto", "virtual"]

_creation_lock = Lock()
"""A botocore session is not thread-safe while it creates a client."""


class LazyClient:
    """A client that is created at its first call, because most requests need only one or two.

    It uses botocore. The import of boto3 takes 60 ms more CPU, for features that are not used.
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

    def __getattr__(self, name: str) -> Any:
        with _creation_lock:
            if "_client" not in vars(self):
                self._client = create_client(
                    self._service, self._endpoint, self._addressing, fail_fast=self._fail_fast
                )
        return getattr(self._client, name)


def create_client(
    service: str,
    endpoint: str | None = None,
    addressing: Addressing = "auto",
    *,
    fail_fast: bool = False,
) -> object:
    """Return a client of an AWS service; `fail_fast` means one attempt with a short timeout."""
    from botocore.config import Config  # noqa: PLC0415 - 60 ms CPU; imported by the first call

    config = Config(
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_CONNECT_SECONDS if fail_fast else _READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": 1 if fail_fast else _ATTEMPTS},
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
