"""The worker routes of the API: JSON over HTTPS, signed with the worker's AWS credentials."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import httpx
from pydantic import BaseModel, ValidationError

from shoal.adapters.http import Post, PostResponse
from shoal.wire.worker import (
    ArtifactAnswer,
    ArtifactRequest,
    EffectAnswer,
    EffectRequest,
    HeartbeatAnswer,
    HeartbeatRequest,
    LeaseAnswer,
    LeaseRequest,
    PartAnswer,
    PartRequest,
    RegistrationAnswer,
    RemoteFailed,
    RemoteRejected,
    RemoteUnavailable,
    ReportAnswer,
    WorkerRegistration,
)

_SUCCESS: Final = range(200, 300)
_TOO_MANY: Final = 429
_SERVER_ERROR: Final = 500
_INTERNAL_ERROR: Final = 500
"""The API works, but failed at this request. It is unavailable at other statuses above."""
_PRECONDITION_FAILED: Final = 412
_LONGEST_RETRY_AFTER: Final = 300.0
_JSON: Final = {"Content-Type": "application/json"}


class SignedCallbacks:
    """Implements the worker's port `Callbacks`.

    `post` signs and sends API calls; `storage` calls presigned URLs.
    """

    def __init__(self, url: str, post: Post, storage: httpx.Client) -> None:
        self._url = url.rstrip("/")
        self._post = post
        self._storage = storage

    def register(self, request: WorkerRegistration) -> RegistrationAnswer:
        """Register the worker and its task types."""
        return self._call("workers", request, RegistrationAnswer)

    def lease(self, request: LeaseRequest) -> LeaseAnswer:
        """Lease chunks."""
        return self._call("leases", request, LeaseAnswer)

    def heartbeat(self, request: HeartbeatRequest) -> HeartbeatAnswer:
        """Renew leases."""
        return self._call("heartbeats", request, HeartbeatAnswer)

    def report(self, body: bytes) -> ReportAnswer:
        """Send an encoded `ReportRequest`."""
        return self._call("reports", body, ReportAnswer)

    def part(self, request: PartRequest) -> PartAnswer:
        """Return an upload URL for a part."""
        return self._call("parts", request, PartAnswer)

    def effect(self, request: EffectRequest) -> EffectAnswer:
        """Store or read the return value of a side effect."""
        body = request.model_dump_json().encode()  # with nulls, because an effect can return None
        return self._call("effects", body, EffectAnswer)

    def artifact(self, request: ArtifactRequest) -> ArtifactAnswer:
        """Return an upload or download URL of an artifact."""
        return self._call("artifacts", request, ArtifactAnswer)

    def upload(self, url: str, headers: Mapping[str, str], body: bytes) -> None:
        """PUT to a presigned URL; an existing part counts as uploaded."""
        answer = self._stored(httpx.Request("PUT", url, headers=headers, content=body))
        if answer.status != _PRECONDITION_FAILED:  # the part exists already
            _checked(answer)

    def download(self, url: str, headers: Mapping[str, str]) -> bytes:
        """GET from a presigned URL."""
        return _checked(self._stored(httpx.Request("GET", url, headers=headers)))

    def _stored(self, request: httpx.Request) -> PostResponse:
        try:
            answer = self._storage.send(request)
        except httpx.TransportError as error:
            raise RemoteUnavailable(f"{type(error).__name__}: {error}") from error
        return PostResponse(answer.status_code, answer.content)

    def _call[A: BaseModel](self, noun: str, body: BaseModel | bytes, answer: type[A]) -> A:
        if isinstance(body, BaseModel):
            body = body.model_dump_json(by_alias=True, exclude_none=True).encode()
        response = self._post(f"{self._url}/api/v1/{noun}", _JSON, body)
        if response.status == _INTERNAL_ERROR:
            raise RemoteFailed(f"{response.status}: {_detail(response)}")
        content = _checked(response)
        try:
            return answer.model_validate_json(content)
        except ValidationError as invalid:
            raise RemoteRejected(200, f"invalid response to {noun}: {invalid}") from invalid


def _checked(answer: PostResponse) -> bytes:
    """Return the body of a successful response, or raise its error."""
    status, body, retry_after = answer
    if status in _SUCCESS:
        return body
    if status == _TOO_MANY or status >= _SERVER_ERROR:
        wait = None if retry_after is None else min(retry_after, _LONGEST_RETRY_AFTER)
        raise RemoteUnavailable(f"{status}: {_detail(answer)}", wait)
    raise RemoteRejected(status, _detail(answer))


def _detail(answer: PostResponse) -> str:
    return answer.body[:500].decode(errors="replace")
