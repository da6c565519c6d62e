"""The worker routes of the API: JSON over HTTPS, signed with the worker's AWS credentials."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import httpx
from pydantic import BaseModel, ValidationError

from shoal.adapters.http import Post
from shoal.adapters.links import StorageLinks, checked, detail
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
    ReportAnswer,
    WorkerRegistration,
)

_INTERNAL_ERROR: Final = 500
"""The API works, but failed at this request. It is unavailable at other statuses above."""
_JSON: Final = {"Content-Type": "application/json"}


class SignedCallbacks:
    """Implements the worker's port `Callbacks`.

    `post` signs and sends API calls; `storage` calls presigned URLs.
    """

    def __init__(self, url: str, post: Post, storage: httpx.Client) -> None:
        self._url = url.rstrip("/")
        self._post = post
        self._links = StorageLinks(storage)

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
        self._links.upload(url, headers, body)

    def download(self, url: str, headers: Mapping[str, str]) -> bytes:
        """GET from a presigned URL."""
        return self._links.download(url, headers)

    def _call[A: BaseModel](self, noun: str, body: BaseModel | bytes, answer: type[A]) -> A:
        if isinstance(body, BaseModel):
            body = body.model_dump_json(by_alias=True, exclude_none=True).encode()
        response = self._post(f"{self._url}/api/v1/{noun}", _JSON, body)
        if response.status == _INTERNAL_ERROR:
            raise RemoteFailed(f"{response.status}: {detail(response)}")
        content = checked(response)
        try:
            return answer.model_validate_json(content)
        except ValidationError as invalid:
            raise RemoteRejected(200, f"invalid response to {noun}: {invalid}") from invalid
