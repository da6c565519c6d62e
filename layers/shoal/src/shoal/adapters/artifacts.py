"""Artifacts of a task, stored through links from the API."""

from __future__ import annotations

from shoal.adapters.task_calls import TaskCalls
from shoal.wire.worker import ArtifactRequest, RemoteRejected


class ApiArtifacts:
    """Implements the SDK's port `TaskArtifacts` for one task under one lease."""

    def __init__(self, calls: TaskCalls) -> None:
        self._calls = calls

    def put(self, name: str, body: bytes) -> str:
        api, request = self._calls.api, self._request(name, len(body))

        def upload() -> str:
            place = api.artifact(request)
            if place.url is None or place.uri is None:
                raise RemoteRejected(200, "the response has no URL for the artifact")
            api.upload(place.url, place.headers, body)
            return place.uri

        return self._calls.retried(upload)

    def get(self, name: str) -> bytes | None:
        api, request = self._calls.api, self._request(name, None)

        def download() -> bytes | None:
            url = api.artifact(request).url
            return None if url is None else api.download(url, {})

        return self._calls.retried(download)

    def _request(self, name: str, size: int | None) -> ArtifactRequest:
        return ArtifactRequest.model_validate({**self._calls.task, "name": name, "size": size})
