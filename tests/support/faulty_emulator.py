"""The twin's emulator with faults: `python -m tests.support.faulty_emulator API_ID_FILE`.

`PUT /_shoal/faults` sets the `Rules` as JSON; `GET /_shoal/faults` returns the `Record`.

Like the patches of the twin, it uses private names of MiniStack, so MiniStack is pinned to an exact
version.
"""

# mypy: disable-error-code="attr-defined,no-untyped-call"

from __future__ import annotations

import json
import os
import random
import re
import signal
import time
from collections import Counter
from collections.abc import Mapping, MutableMapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import ministack.app
from ministack.core import lambda_runtime

from local import patches

PATH: Final = "/_shoal/faults"
_CREDENTIAL: Final = re.compile(r"Credential=[^/]+/\d+/[^/]+/(?P<service>[^/]+)/")
_QUIET_SECONDS: Final = 1.0
"""Seconds between two kills of the same function, so that its callers can retry."""
_SPARED: Final = 0.3
"""The share of calls that are spared, so that it is not always the first call that fails."""
_THROTTLED: Final = "ThrottlingException"

type Scope = MutableMapping[str, Any]


@dataclass
class Rules:
    """The faults to inject.

    `lost` is the share of requests to the API whose answer is lost; half of them are not executed.
    With `kill`, each function dies once before and once after each kind of AWS call that it makes.
    `throttled` is the share of DynamoDB calls of functions that are throttled.
    """

    lost: float = 0.0
    kill: bool = False
    throttled: float = 0.0


@dataclass
class Record:
    """The faults so far: lost requests and answers, kills by function and call, throttled calls.

    `points` are all places where a function can be killed: before and after each kind of call.
    `calls` and `operations` count what functions sent to DynamoDB while it was throttled. The SDK
    sends an operation again under the same invocation id, so it can have several calls.
    """

    lost_requests: int = 0
    lost_answers: int = 0
    kills: list[str] = field(default_factory=list)
    points: list[str] = field(default_factory=list)
    throttled: int = 0
    calls: int = 0
    operations: int = 0


class FaultInjector:
    """An ASGI application around the emulator's."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self._draw = random.Random(0)  # noqa: S311 - not for secrets
        self._rules = Rules()
        self._record = Record()
        self._invocations: set[str] = set()
        self._killed_at: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif scope["path"] == PATH:
            await self._configure(scope, receive, send)
        elif "/api/v1/" in scope["path"]:  # workers use the address of API Gateway
            await self._serve_api(scope, receive, send)
        else:
            await self._serve_aws(scope, receive, send)

    async def _configure(self, scope: Scope, receive: Any, send: Any) -> None:
        if scope["method"] == "PUT":
            self._rules = Rules(**json.loads(await _body(receive)))
            self._record, self._invocations = Record(), set()
        await _respond(send, 200, asdict(self._record))

    async def _serve_api(self, scope: Scope, receive: Any, send: Any) -> None:
        """Serve a request of a user or a worker, and lose some requests and answers.

        API Gateway responds with 504 when a function does not answer in time.
        """
        if self._draw.random() >= self._rules.lost:
            await self._app(scope, receive, send)
            return
        if self._draw.random() < 0.5:
            self._record.lost_requests += 1
        else:
            self._record.lost_answers += 1
            await self._app(scope, receive, _Discard())
        await _respond(send, 504, {"message": "Endpoint request timed out"})

    async def _serve_aws(self, scope: Scope, receive: Any, send: Any) -> None:
        """Serve a call of AWS; a call of a function may be throttled or kill its caller."""
        headers = {name.decode().lower(): value.decode() for name, value in scope["headers"]}
        worker = None
        if self._rules.kill or self._rules.throttled:
            worker = _calling_function(scope["client"][1])
        if worker is None:
            await self._app(scope, receive, send)
        elif self._rules.throttled and headers.get("x-amz-target", "").startswith("DynamoDB"):
            await self._throttle(headers, scope, receive, send)
        else:
            await self._kill(worker, _call(scope, headers), scope, receive, send)

    async def _throttle(
        self, headers: Mapping[str, str], scope: Scope, receive: Any, send: Any
    ) -> None:
        self._record.calls += 1
        self._invocations.add(headers.get("amz-sdk-invocation-id", ""))
        self._record.operations = len(self._invocations)
        if self._draw.random() >= self._rules.throttled:
            await self._app(scope, receive, send)
            return
        self._record.throttled += 1
        await _respond(send, 400, {"__type": _THROTTLED, "message": "Throttled by a test"})

    async def _kill(self, worker: Any, call: str, scope: Scope, receive: Any, send: Any) -> None:
        name, record = worker.func_name, self._record
        points = [f"{name} {when} {call}" for when in ("before", "after")]
        record.points += [each for each in points if each not in record.points]
        point = next((each for each in points if each not in record.kills), None)
        ready = time.monotonic() - self._killed_at[name] >= _QUIET_SECONDS
        if not self._rules.kill or point is None or not ready:
            await self._app(scope, receive, send)
            return
        if self._draw.random() < _SPARED:
            await self._app(scope, receive, send)
            return
        self._killed_at[name] = time.monotonic()  # type: ignore[assignment]
        record.kills.append(point)
        if " after " in point:
            await self._app(scope, receive, _Discard())
        with suppress(ProcessLookupError, AttributeError):
            os.kill(worker._proc.pid, signal.SIGKILL)  # noqa: SLF001


class _Discard:
    """A `send` that drops the response."""

    async def __call__(self, message: Any) -> None:
        pass


async def _body(receive: Any) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


async def _respond(send: Any, status: int, body: Any) -> None:
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(body).encode()})


def _call(scope: Scope, headers: Mapping[str, str]) -> str:
    """Return the kind of an AWS call: service and action, or method for S3."""
    target = headers.get("x-amz-target")
    if target is not None:
        return target
    found = _CREDENTIAL.search(headers.get("authorization", ""))
    return f"{found['service'] if found else 'unsigned'} {scope['method']}"


def _calling_function(port: int) -> Any:
    """Return the execution environment that uses the local port, or None for other processes."""
    inode = _inode_of(port)
    for workers in list(lambda_runtime._workers.values()):  # noqa: SLF001
        for worker in workers:
            process = worker._proc  # noqa: SLF001
            if process is not None and inode in _sockets_of(process.pid):
                return worker
    return None


def _inode_of(port: int) -> str:
    """Return the inode of the socket with this local port on loopback."""
    local = f"0100007F:{port:04X}"
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[1] == local:
            return fields[9]
    return ""


def _sockets_of(pid: int) -> set[str]:
    found = set()
    with suppress(OSError):
        for each in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                target = str(each.readlink())
                if target.startswith("socket:["):
                    found.add(target[8:-1])
    return found


def main() -> None:
    """Run the emulator of the twin with faults."""
    serve = ministack.app.main

    def serving() -> None:
        ministack.app.app = FaultInjector(ministack.app.app)
        serve()

    ministack.app.main = serving
    patches.main()


if __name__ == "__main__":
    main()
