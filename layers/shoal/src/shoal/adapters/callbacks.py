"""The API as workers call it: JSON over HTTPS, signed with the worker's own AWS credentials."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

import httpx
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from pydantic import BaseModel, ValidationError

from shoal.wire.worker import (
    ArtifactAnswer,
    ArtifactRequest,
    Away,
    EffectAnswer,
    EffectRequest,
    HeartbeatAnswer,
    HeartbeatRequest,
    LeaseAnswer,
    LeaseRequest,
    PartAnswer,
    PartRequest,
    Refused,
    RegistrationAnswer,
    ReportAnswer,
    WorkerRegistration,
)

if TYPE_CHECKING:
    from botocore.credentials import Credentials

_TOO_MANY = 429
_SERVER_ERROR = 500
_PRECONDITION_FAILED = 412


class SignedCallbacks:
    """Fills the worker's port `Callbacks`. `storage` makes the unsigned calls to presigned URLs."""

    def __init__(
        self,
        url: str,
        region: str,
        credentials: Credentials,
        http: httpx.Client,
        storage: httpx.Client,
    ) -> None:
        self._url = url.rstrip("/")
        self._region = region
        self._credentials = credentials
        self._http = http
        self._storage = storage

    def register(self, request: WorkerRegistration) -> RegistrationAnswer:
        """Offer task types."""
        return self._post("workers", request, RegistrationAnswer)

    def lease(self, request: LeaseRequest) -> LeaseAnswer:
        """Ask for chunks."""
        return self._post("leases", request, LeaseAnswer)

    def heartbeat(self, request: HeartbeatRequest) -> HeartbeatAnswer:
        """Renew leases."""
        return self._post("heartbeats", request, HeartbeatAnswer)

    def report(self, body: bytes) -> ReportAnswer:
        """Send a `ReportRequest` that is encoded already."""
        return self._post("reports", body, ReportAnswer)

    def part(self, request: PartRequest) -> PartAnswer:
        """Ask where a part goes."""
        return self._post("parts", request, PartAnswer)

    def effect(self, request: EffectRequest) -> EffectAnswer:
        """Keep what a side effect returned, or ask what is kept."""
        return self._post("effects", request, EffectAnswer)

    def artifact(self, request: ArtifactRequest) -> ArtifactAnswer:
        """Ask where an artifact goes, or is."""
        return self._post("artifacts", request, ArtifactAnswer)

    def upload(self, url: str, headers: Mapping[str, str], body: bytes) -> None:
        """PUT to a presigned URL; a part that is there already counts as uploaded."""
        answer = _sent(self._storage, httpx.Request("PUT", url, headers=headers, content=body))
        if answer.status_code != _PRECONDITION_FAILED:  # else it is there already
            _checked(answer)

    def download(self, url: str, headers: Mapping[str, str]) -> bytes:
        """GET from a presigned URL."""
        request = httpx.Request("GET", url, headers=headers)
        return _checked(_sent(self._storage, request)).content

    def _post[A: BaseModel](self, noun: str, body: BaseModel | bytes, answer: type[A]) -> A:
        if isinstance(body, BaseModel):
            body = body.model_dump_json(by_alias=True, exclude_none=True).encode()
        url = f"{self._url}/api/v1/{noun}"
        signed = AWSRequest("POST", url, {"Content-Type": "application/json"}, body)
        credentials = self._credentials.get_frozen_credentials()
        SigV4Auth(credentials, "execute-api", self._region).add_auth(signed)
        request = httpx.Request("POST", url, headers=dict(signed.headers), content=body)
        content = _checked(_sent(self._http, request)).content
        try:
            return answer.model_validate_json(content)
        except ValidationError as invalid:
            raise Refused(200, f"the answer to {noun} is not understood: {invalid}") from invalid


def _sent(client: httpx.Client, request: httpx.Request) -> httpx.Response:
    try:
        return client.send(request)
    except httpx.TransportError as error:
        raise Away(f"{type(error).__name__}: {error}") from error


def _checked(answer: httpx.Response) -> httpx.Response:
    """The answer if it is a success; else raise what it means."""
    if answer.is_success:
        return answer
    status, detail = answer.status_code, answer.text[:500]
    if status == _TOO_MANY or status >= _SERVER_ERROR:
        raise Away(f"{status}: {detail}", _retry_after(answer))
    raise Refused(status, detail)


def _retry_after(answer: httpx.Response) -> float | None:
    with contextlib.suppress(ValueError):
        return min(max(float(answer.headers.get("Retry-After", "")), 0.0), 300.0)
    return None
