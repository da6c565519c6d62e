"""AWS Signature Version 4 for the POSTs of a worker: no query, few headers, a small body.

botocore supports any request and derives the key of the day for each: over 100 µs.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlsplit

from shoal.adapters.http import Post, PostResponse

if TYPE_CHECKING:
    from botocore.credentials import Credentials

_PORTS: Final = {"http": ":80", "https": ":443"}


class SignedPost:
    """Implements `Post`: signs for a service, then sends through another `Post`."""

    def __init__(
        self,
        post: Post,
        credentials: Credentials,
        service: str,
        region: str,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._post = post
        self._credentials = credentials
        self._service = service
        self._region = region
        self._now = now

    def __call__(self, url: str, headers: dict[str, str], body: bytes) -> PostResponse:
        """Sign and send the request."""
        keys = self._credentials.get_frozen_credentials()
        moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(self._now()))
        headers = headers | {"X-Amz-Date": moment}
        if keys.token:
            headers["X-Amz-Security-Token"] = keys.token
        request, names = _canonical(url, headers, body)
        scope = f"{moment[:8]}/{self._region}/{self._service}/aws4_request"
        text = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{hashlib.sha256(request).hexdigest()}"
        key = _key(keys.secret_key, moment[:8], self._region, self._service)
        headers["Authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={keys.access_key}/{scope}, SignedHeaders={names}, "
            f"Signature={hmac.digest(key, text.encode(), 'sha256').hex()}"
        )
        return self._post(url, headers, body)


def _canonical(url: str, headers: dict[str, str], body: bytes) -> tuple[bytes, str]:
    """Return the canonical request and the names of its headers."""
    host, path = _place(url)
    lines = {name.lower(): text for name, text in headers.items()} | {"host": host}
    names = sorted(lines)
    signed = ";".join(names)
    head = "\n".join(f"{name}:{lines[name]}" for name in names)
    digest = hashlib.sha256(body).hexdigest()
    return f"POST\n{path}\n\n{head}\n\n{signed}\n{digest}".encode(), signed


@lru_cache(maxsize=64)
def _place(url: str) -> tuple[str, str]:
    """Return host and path of a URL without a query, as signed."""
    parts = urlsplit(url)
    return parts.netloc.removesuffix(_PORTS[parts.scheme]), quote(parts.path or "/", safe="/~")


@lru_cache(maxsize=8)
def _key(secret: str, day: str, region: str, service: str) -> bytes:
    """Return the signing key of a day."""
    key = f"AWS4{secret}".encode()
    for text in (day, region, service, "aws4_request"):
        key = hmac.digest(key, text.encode(), "sha256")
    return key
