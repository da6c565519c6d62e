"""A real worker process, without capabilities, and stubs of the API, the queue and the storage."""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from secrets import token_hex
from typing import Any, Self

ROOT = Path(__file__).parents[2]
_DROP_FROM_BOUNDING_SET = 24
_CAPABILITIES = 64
DEADLINE = 60.0


def canary() -> str:
    """Return a credential that a hostile task recognises."""
    return f"canary-{token_hex(16)}"


def job_of(tenant: str) -> str:
    """Return the id of the job of a tenant."""
    return f"job_{ord(tenant):026d}"


class StubPlatform:
    """Grants each of its chunks once, and keeps their outcomes, effects and artifacts."""

    def __init__(self, folder: Path, *, labels: bool = True) -> None:
        self.folder = folder
        self.outcomes: dict[tuple[str, int], Any] = {}
        self.calls: list[tuple[str, Mapping[str, Any]]] = []
        self.signed: list[bool] = []
        self._labels = labels
        self._grants: dict[tuple[str, int], dict[str, Any]] = {}
        self._messages: deque[dict[str, Any]] = deque()
        self._effects: dict[str, Any] = {}
        self._objects: dict[str, bytes] = {}
        self._lock = threading.Lock()

    def add(
        self, task_type: str, tenant: str = "a", timeout: float = 20.0, **given: Any
    ) -> tuple[str, int]:
        """Add a chunk of one task. Return its key in `outcomes`."""
        number, job = len(self._grants), job_of(tenant)
        grant = {
            "job_id": job,
            "chunk": number,
            "decision": "granted",
            "epoch": 1,
            "task_type": task_type,
            "timeout": timeout,
            "tasks": [{"index": number, "attempt": 1, "input": given}],
            "token": canary(),
        }
        self._grants[job, number] = grant | ({"tenant": f"label-{tenant}"} if self._labels else {})
        self._messages.append(
            {
                "MessageId": str(number),
                "ReceiptHandle": str(number),
                "Body": json.dumps({"job": job, "chunk": number}),
            }
        )
        return job, number

    def run(self, *, launcher: Sequence[str] = ()) -> Self:
        """Run all chunks in a worker; return once the worker has ended."""
        done = self.worker(launcher=launcher)
        assert done.returncode == 0, done.stdout
        return self

    def worker(
        self,
        *,
        slots: int = 1,
        capabilities: Collection[int] = (),
        launcher: Sequence[str] = (),
        **environment: str,
    ) -> subprocess.CompletedProcess[str]:
        """Run a worker until it ends. A `launcher` is a command that starts it."""
        with ThreadingHTTPServer(("127.0.0.1", 0), self._handler()) as server:
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            try:
                return self._run(
                    server.server_address[1], slots, capabilities, launcher, environment
                )
            finally:
                server.shutdown()
                thread.join()

    def _run(
        self,
        port: int,
        slots: int,
        capabilities: Collection[int],
        launcher: Sequence[str],
        environment: Mapping[str, str],
    ) -> subprocess.CompletedProcess[str]:
        url = f"http://127.0.0.1:{port}"
        path = (ROOT / "layers/shoal/src", Path(__file__).parent)
        return subprocess.run(  # noqa: S603 - our own code
            [*launcher, sys.executable, "-m", "shoal", "worker", "run", "--until-empty"],
            env={
                "PATH": os.defpath,
                "PYTHONPATH": ":".join(map(str, path)),
                "TMPDIR": str(self.folder),
                "AWS_REGION": "us-east-1",
                "AWS_ACCESS_KEY_ID": canary(),
                "AWS_SECRET_ACCESS_KEY": canary(),
                "AWS_SESSION_TOKEN": canary(),
                "AWS_ENDPOINT_URL": url,
                "SHOAL_API_URL": url,
                "SHOAL_QUEUE_NORMAL_URL": f"{url}/queue",
                "SHOAL_TASKS": "hostile_code",
                "SHOAL_WORKER_ID": "w-1",
                "SHOAL_SLOTS": str(slots),
                **environment,
            },
            preexec_fn=partial(keep_capabilities, capabilities),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=DEADLINE,
        )

    def result(self, key: tuple[str, int]) -> Any:
        """Return the result of a task that completed."""
        outcome = self.outcomes[key]
        assert outcome["outcome"] == "completed", outcome
        return outcome["result"]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        platform = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                with platform._lock:
                    content = platform._handled(self, body)
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = _answer  # noqa: N815 - names of the base class

            def log_message(self, *_: object) -> None:
                return

        return Handler

    def _handled(self, request: BaseHTTPRequestHandler, body: bytes) -> bytes:
        if request.path.startswith("/object/"):
            if request.command == "PUT":
                self._objects[request.path] = body
            return self._objects.get(request.path, b"")
        asked = json.loads(body)
        if target := request.headers.get("X-Amz-Target"):
            return json.dumps(self._queue(target.rpartition(".")[2], asked)).encode()
        noun = request.path.rpartition("/")[2]
        self.calls.append((noun, asked))
        self.signed.append("Authorization" in request.headers)
        host = request.headers["Host"]
        return json.dumps(self._api(noun, asked, host)).encode()

    def _queue(self, action: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        if action == "ReceiveMessage":
            most = min(asked["MaxNumberOfMessages"], len(self._messages))
            return {"Messages": [self._messages.popleft() for _ in range(most)]}
        if action == "GetQueueAttributes":
            return {"Attributes": {"ApproximateNumberOfMessages": str(len(self._messages))}}
        entries = [{"Id": each["Id"]} for each in asked.get("Entries", [])]
        return {"Successful": entries, "Failed": []}

    def _api(self, noun: str, asked: Mapping[str, Any], host: str) -> dict[str, Any]:
        match noun:
            case "workers":
                registered = len(asked["task_types"])
                return {"worker": asked["worker"], "registered": registered, "protocol": 2}
            case "leases":
                return {"leases": [self._grants[c["job_id"], c["chunk"]] for c in asked["chunks"]]}
            case "heartbeats":
                beats = asked["leases"]
                return {"leases": [_place(each) | {"decision": "extended"} for each in beats]}
            case "reports":
                for report in asked["reports"]:
                    for outcome in report["outcomes"]:
                        self.outcomes[report["job_id"], report["chunk"]] = outcome
                reports = asked["reports"]
                return {"reports": [_place(each) | {"decision": "accepted"} for each in reports]}
            case "effects":
                if asked["effect"] is not None:
                    self._effects.setdefault(asked["key"], asked["effect"])
                return {"effect": self._effects.get(asked["key"])}
            case _:
                return {
                    "url": f"http://{host}/object/{asked['name']}",
                    "uri": f"s3://results/{asked['name']}",
                }


def _place(each: Mapping[str, Any]) -> dict[str, Any]:
    return {"job_id": each["job_id"], "chunk": each["chunk"]}


def keep_capabilities(kept: Collection[int]) -> None:
    """Give up all other capabilities at the next exec, as in a pod."""
    libc = ctypes.CDLL(None)
    for number in {*range(_CAPABILITIES)} - {*kept}:
        libc.prctl(_DROP_FROM_BOUNDING_SET, number, 0, 0, 0)
