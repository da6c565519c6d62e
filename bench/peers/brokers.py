"""The two brokers: the stub of SQS, and a Redis without persistence. Each is a process."""

# ruff: noqa: D102 - `Broker` describes each method

from __future__ import annotations

import contextlib
import http.client
import json
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from typing import Final, Protocol

from bench.peers.contestants import ROOT, Contestant
from bench.peers.processes import end

_HOST: Final = "127.0.0.1"


class Broker(Protocol):
    """The interface of a broker for the runner."""

    pid: int

    @property
    def environment(self) -> Mapping[str, str]:
        """Return the environment variables of the broker."""

    def fill(self, contestant: Contestant) -> None:
        """Fill the queue with this many tasks."""

    def settled(self, contestant: Contestant) -> int:
        """How many chunks the contestant is done with."""


class Stub:
    """Uses the stub, which restores the tasks of a peer in each round."""

    def __init__(self, pid: int, port: int) -> None:
        self.pid = pid
        self._url = f"http://{_HOST}:{port}"
        self._http = http.client.HTTPConnection(_HOST, port)
        self._filled: set[str] = set()

    @property
    def environment(self) -> Mapping[str, str]:
        return {
            "BENCH_SQS": self._url,
            "AWS_ENDPOINT_URL_SQS": self._url,
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "bench",
            "AWS_SECRET_ACCESS_KEY": "bench",
            "SHOAL_API_URL": self._url,
            "SHOAL_QUEUE_NORMAL_URL": f"{self._url}/000000000000/shoal",
            "SHOAL_TASKS": "tasks",
            "SHOAL_LOG_LEVEL": "WARNING",
        }

    def fill(self, contestant: Contestant) -> None:
        if not contestant.fill:
            chunks = contestant.tasks // contestant.chunk
            self._ask("prepare", contestant, chunks=chunks, size=contestant.chunk)
            return
        if contestant.settled not in self._filled:
            self._filled.add(contestant.settled)
            send(contestant, self)
        self._ask("rewind", contestant)

    def settled(self, contestant: Contestant) -> int:
        return self._ask("settled", contestant)

    def _ask(self, what: str, contestant: Contestant, **more: int) -> int:
        body = json.dumps({"queue": contestant.settled, **more})
        self._http.request("POST", f"/{what}", body)
        answer: int = json.loads(self._http.getresponse().read())
        return answer


class Redis:
    """Talks to Redis, in commands whose answer is a number or a word."""

    def __init__(self, pid: int, port: int) -> None:
        self.pid = pid
        self._port = port
        self._stream = socket.create_connection((_HOST, port)).makefile("rwb")

    @property
    def environment(self) -> Mapping[str, str]:
        return {"BENCH_REDIS_PORT": str(self._port)}

    def fill(self, contestant: Contestant) -> None:
        self._ask("FLUSHALL")
        send(contestant, self)

    def settled(self, contestant: Contestant) -> int:
        return contestant.tasks - int(self._ask(contestant.settled))

    def _ask(self, command: str) -> bytes:
        self._stream.write(f"{command}\r\n".encode())
        self._stream.flush()
        return self._stream.readline()[1:]


def send(contestant: Contestant, broker: Broker) -> None:
    """Send the tasks with the client of the contestant."""
    command = [*contestant.fill, str(contestant.tasks)]
    subprocess.run(command, check=True, cwd=ROOT, env=environment(broker))  # noqa: S603 - of the field


def environment(broker: Broker) -> dict[str, str]:
    """Return the environment of a contestant."""
    path = f"{ROOT}:{ROOT / 'worker_image'}"
    return {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", **broker.environment}


@contextlib.contextmanager
def stub() -> Iterator[Stub]:
    """The stub of SQS and of Shoal's API."""
    port = _free_port()
    command = [sys.executable, "-m", "bench.peers.stub", str(port)]
    with _running(command, port) as process:
        yield Stub(process.pid, port)


@contextlib.contextmanager
def redis() -> Iterator[Redis | None]:
    """A Redis, if there is one to start."""
    program = shutil.which("redis-server")
    if program is None:
        yield None
        return
    port = _free_port()
    command = [*(program, "--port", str(port), "--bind", _HOST), *("--save", "")]
    with _running([*command, "--appendonly", "no"], port) as process:
        yield Redis(process.pid, port)


@contextlib.contextmanager
def _running(command: list[str], port: int) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(  # noqa: S603 - made above
        command, cwd=ROOT, start_new_session=True, stdout=subprocess.DEVNULL
    )
    try:
        for _ in range(500):
            with contextlib.suppress(OSError), socket.create_connection((_HOST, port)):
                break
            time.sleep(0.01)
        yield process
    finally:
        end(process)


def _free_port() -> int:
    with socket.create_server((_HOST, 0)) as server:
        port: int = server.getsockname()[1]
        return port
