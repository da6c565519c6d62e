"""Calls of a worker, signed as a worker signs them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

import httpx
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from local.emulator import REGION
from local.workers import worker_keys
from tests.support.platform import Platform

_JSON: Final = {"Content-Type": "application/json"}


class WorkerCalls:
    """Posts to the routes that require the signature of a worker."""

    def __init__(self, platform: Platform) -> None:
        keys = worker_keys(platform.emulator, platform.twin.deployment)
        self._signer = SigV4Auth(Credentials(keys.access, keys.secret), "execute-api", REGION)
        api = platform.twin.deployment["ApiId"]
        self._base = f"{platform.emulator.url}/_aws/execute-api/{api}/$default/api/v1"
        self._client = httpx.Client(timeout=60)

    def post(self, route: str, body: Any) -> httpx.Response:
        """Return the answer, whatever its status."""
        url, content = f"{self._base}/{route}", json.dumps(body)
        request = AWSRequest("POST", url, data=content, headers=_JSON)
        self._signer.add_auth(request)
        return self._client.post(url, content=content, headers=dict(request.headers))


def completed_outcomes(tasks: Sequence[Any]) -> list[dict[str, Any]]:
    """Return outcomes that complete all leased tasks."""
    return [
        {
            "index": task["index"],
            "attempt": task["attempt"],
            "outcome": "completed",
            "started_at": "2026-11-25T00:00:00Z",
            "duration": 0.1,
            "result": {"index": task["index"]},
        }
        for task in tasks
    ]
