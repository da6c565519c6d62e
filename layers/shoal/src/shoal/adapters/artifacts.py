"""Artifacts of a task, stored through links from the API."""

from __future__ import annotations

from shoal.adapters.task_calls import TaskCalls
from shoal.wire.worker import RemoteRejected


class ApiArtifacts:
    """Implements the SDK's port `TaskArtifacts` for one task under one lease."""

    def __init__(self, calls: TaskCalls) -> None:
        self._calls = calls

    def put(self, name: str, body: bytes) -> str:
        def upload() -> str:
            place = self._calls.artifact(name, len(body))
            if place.url is None or place.uri is None:
                raise RemoteRejected(200, "the response has no URL for the artifact")
            self._calls.links.upload(place.url, place.headers, body)
            return place.uri

        return self._calls.retried(upload)

    def get(self, name: str) -> bytes | None:
        def download() -> bytes | None:
            url = self._calls.artifact(name, None).url
            return None if url is None else self._calls.links.download(url, {})

        return self._calls.retried(download)
