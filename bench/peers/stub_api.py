"""Shoal's API as its workers see it: grants every chunk, takes every report."""

from __future__ import annotations

import json
from typing import Final

from bench.peers.stub_sqs import message

JOB: Final = "job_" + "0" * 26


class StubApi:
    """Grants are created before they are requested."""

    def __init__(self) -> None:
        self._grants: list[bytes] = []

    def prepare(self, chunks: int, size: int) -> list[bytes]:
        """Create this many chunks of no-op tasks, and return their messages."""
        self._grants = [_grant(chunk, size) for chunk in range(chunks)]
        return [message(str(i), f'{{"job":"{JOB}","chunk":{i}}}') for i in range(chunks)]

    def answer(self, noun: str, body: bytes) -> bytes:
        """The answer to a POST."""
        asked = json.loads(body)
        match noun:
            case "leases":
                grants = [self._grants[each["chunk"]] for each in asked["chunks"]]
                return b'{"leases":[' + b",".join(grants) + b"]}"
            case "reports":
                return json.dumps(
                    {"reports": [_accepted(each) for each in asked["reports"]]}
                ).encode()
            case "workers":
                registered = len(asked["task_types"])
                return json.dumps({"worker": asked["worker"], "registered": registered}).encode()
            case _:
                return b'{"leases":[]}'


def _accepted(report: dict[str, object]) -> dict[str, object]:
    return {"job_id": report["job_id"], "chunk": report["chunk"], "decision": "accepted"}


def _grant(chunk: int, size: int) -> bytes:
    tasks = [{"index": chunk * size + i, "attempt": 1, "input": {}} for i in range(size)]
    grant = {
        "job_id": JOB,
        "chunk": chunk,
        "decision": "granted",
        "epoch": 1,
        "until": "2100-01-01T00:00:00Z",
        "priority": "normal",
        "task_type": "noop",
        "timeout": 300,
        "isolated": False,
        "tasks": tasks,
        "inputs": None,
        "params": {},
    }
    return json.dumps(grant, separators=(",", ":")).encode()
