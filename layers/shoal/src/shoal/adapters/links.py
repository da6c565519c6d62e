"""Presigned links to the storage. They need no credentials."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import httpx

from shoal.adapters.http import PostResponse
from shoal.wire.worker import RemoteRejected, RemoteUnavailable

_SUCCESS: Final = range(200, 300)
_TOO_MANY: Final = 429
_SERVER_ERROR: Final = 500
_PRECONDITION_FAILED: Final = 412
_LONGEST_RETRY_AFTER: Final = 300.0


class StorageLinks:
    """Uploads to and downloads from presigned links."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def upload(self, url: str, headers: Mapping[str, str], body: bytes) -> None:
        """PUT to a link; an existing object counts as uploaded."""
        answer = self._sent(httpx.Request("PUT", url, headers=headers, content=body))
        if answer.status != _PRECONDITION_FAILED:  # the object exists already
            checked(answer)

    def download(self, url: str, headers: Mapping[str, str]) -> bytes:
        """GET from a link."""
        return checked(self._sent(httpx.Request("GET", url, headers=headers)))

    def _sent(self, request: httpx.Request) -> PostResponse:
        try:
            answer = self._client.send(request)
        except httpx.TransportError as error:
            raise RemoteUnavailable(f"{type(error).__name__}: {error}") from error
        return PostResponse(answer.status_code, answer.content)


def checked(answer: PostResponse) -> bytes:
    """Return the body of a successful response, or raise its error."""
    status, body, retry_after = answer
    if status in _SUCCESS:
        return body
    if status == _TOO_MANY or status >= _SERVER_ERROR:
        wait = None if retry_after is None else min(retry_after, _LONGEST_RETRY_AFTER)
        raise RemoteUnavailable(f"{status}: {detail(answer)}", wait)
    raise RemoteRejected(status, detail(answer))


def detail(answer: PostResponse) -> str:
    """Return the beginning of the body, for messages."""
    return answer.body[:500].decode(errors="replace")
