"""A worker's calls, signed as a worker signs them, for benches that speak for one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

import httpx
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from bench.stand import Stand
from local.emulator import REGION
from local.workers import worker_keys

_JSON: Final = {"Content-Type": "application/json"}


class Calls:
    """Posts to the routes that only workers may use."""

    def __init__(self, at: Stand) -> None:
        keys = worker_keys(at.emulator, at.twin.deployment)
        self._signer = SigV4Auth(Credentials(keys.access, keys.secret), "execute-api", REGION)
        api = at.twin.deployment["ApiId"]
        self._base = f"{at.emulator.url}/_aws/execute-api/{api}/$default/api/v1"
        self._client = httpx.Client(timeout=60)

    def post(self, route: str, body: Any) -> httpx.Response:
        """The answer, whatever it is."""
        url, content = f"{self._base}/{route}", json.dumps(body)
        request = AWSRequest("POST", url, data=content, headers=_JSON)
        self._signer.add_auth(request)
        return self._client.post(url, content=content, headers=dict(request.headers))


def completed(tasks: Sequence[Any]) -> list[dict[str, Any]]:
    """Outcomes of leased tasks that say that all went well."""
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
