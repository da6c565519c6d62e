"""Clients of AWS. Importing it makes none, and loads no botocore."""

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

_making = Lock()
"""A botocore session makes one client at a time."""


class LazyClient:
    """Stands for a client until its first call: most calls need one or two of the four.

    From botocore, not boto3, whose resources and transfers cost 60 ms CPU and are never used.
    """

    def __init__(
        self,
        service: str,
        *,
        endpoint: str | None = None,
        addressing: Addressing = "auto",
        hurried: bool = False,
    ) -> None:
        self._service = service
        self._endpoint = endpoint
        self._addressing = addressing
        self._hurried = hurried

    def __getattr__(self, name: str) -> Any:
        with _making:
            if "_made" not in vars(self):
                self._made = make(
                    self._service, self._endpoint, self._addressing, hurried=self._hurried
                )
        return getattr(self._made, name)


def make(
    service: str,
    endpoint: str | None = None,
    addressing: Addressing = "auto",
    *,
    hurried: bool = False,
) -> object:
    """A client of a service of AWS; `hurried` asks once and not for long."""
    from botocore.config import Config  # noqa: PLC0415 - 60 ms CPU, for those who call

    config = Config(
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_CONNECT_SECONDS if hurried else _READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": 1 if hurried else _ATTEMPTS},
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
    """One for all clients: it reads the endpoints and partitions once."""
    from botocore.session import get_session  # noqa: PLC0415 - as above

    return get_session()
