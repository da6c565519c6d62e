"""POST to webhook URLs: public addresses only, with a timeout.

The host is resolved once, every address is checked, and the connection uses one of them, so that a
DNS change in between has no effect. Redirects are not followed.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from threading import Timer
from typing import Any, Final
from urllib.parse import SplitResult

from shoal.domain.addresses import checked_url, is_public
from shoal.domain.errors import InvalidRequest
from shoal.domain.webhook import WebhookResponse

SECONDS: Final = 10.0
MOST_BYTES: Final = 65_536
AGENT: Final = "shoal-webhooks"
_PORTS: Final = {"https": 443, "http": 80}

type Resolve = Callable[[str, int], Sequence[str]]


class NotPublic(OSError):  # noqa: N818 - the tree reads as nouns
    """The host has no address, or an address that is not public."""


def resolved(host: str, port: int) -> Sequence[str]:
    """Return the IP addresses of a host."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


class HttpWebhookPoster:
    """Posts to webhooks; reads up to 64 KB of a response, with a timeout of ten seconds in all."""

    def __init__(
        self,
        *,
        resolve: Resolve = resolved,
        trust: Callable[[], ssl.SSLContext] = ssl.create_default_context,
        seconds: float = SECONDS,
    ) -> None:
        self._resolve = resolve
        self._trust = trust
        self._seconds = seconds

    def post(
        self, url: str, headers: Mapping[str, str], body: bytes, *, allowed: str | None
    ) -> WebhookResponse:
        began = time.monotonic()
        status, error = None, None
        try:
            status = self._status(url, headers, body, allowed)
        except (OSError, http.client.HTTPException, InvalidRequest) as fault:
            error = _words(fault)
        return WebhookResponse(status, round(time.monotonic() - began, 3), error)

    def _status(
        self, url: str, headers: Mapping[str, str], body: bytes, allowed: str | None
    ) -> int:
        parts = checked_url(url, local=allowed is not None)
        host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
        address = self._address(host, port, allowed)
        context = self._trust() if parts.scheme == "https" else None
        with closing(_Pinned(host, port, address, context, self._seconds)) as connection:
            guard = Timer(self._seconds, connection.cut)
            guard.daemon = True
            guard.start()
            try:
                connection.request(
                    "POST", _target(parts), body=body, headers={"user-agent": AGENT, **headers}
                )
                answer = connection.getresponse()
                if connection.was_cut:  # a closed connection can look like the end of the headers
                    raise TimeoutError
                with suppress(OSError, http.client.HTTPException):  # only the status counts
                    answer.read(MOST_BYTES)
            except (OSError, http.client.HTTPException) as error:
                if connection.was_cut:
                    raise TimeoutError from error
                raise
            finally:
                guard.cancel()
            return answer.status

    def _address(self, host: str, port: int, allowed: str | None) -> str:
        addresses = self._resolve(host, port)
        if not addresses or not all(each == allowed or is_public(each) for each in addresses):
            raise NotPublic(host)
        return addresses[0]


class _Pinned(http.client.HTTPConnection):
    """A connection to one address for a host name."""

    def __init__(
        self, host: str, port: int, address: str, context: ssl.SSLContext | None, seconds: float
    ) -> None:
        super().__init__(host, port, timeout=seconds)
        self.default_port = _PORTS["https" if context else "http"]
        self._address, self._context = address, context
        self.was_cut = False

    def connect(self) -> None:
        """Connect, with TLS if there is a context; the certificate must match the host."""
        plain = socket.create_connection((self._address, self.port), self.timeout)
        self.sock: Any = plain
        if self._context is not None:
            self.sock = self._context.wrap_socket(plain, server_hostname=self.host)

    def cut(self) -> None:
        """Close the connection from another thread; pending reads fail at once."""
        self.was_cut = True
        with suppress(OSError, AttributeError):  # already closed, or never opened
            self.sock.shutdown(socket.SHUT_RDWR)


def _target(parts: SplitResult) -> str:
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _words(fault: Exception) -> str:
    """Return an error text for the owner that reveals nothing about internal hosts."""
    if isinstance(fault, NotPublic):
        return "the host has no public address"
    if isinstance(fault, InvalidRequest):
        return str(fault)
    if isinstance(fault, TimeoutError):
        return "no response in time"
    if isinstance(fault, ssl.SSLError):  # includes certificate errors
        return "the TLS handshake failed"
    if isinstance(fault, socket.gaierror):
        return "the host name cannot be resolved"
    return "the connection failed or timed out"
