"""Starts Lambda execution environments by fork, from a process that has imported their packages.

A cold start costs 0.2 to 0.5 s of CPU, nearly all of it for imports. A fork costs 0.02 s. Each set
of layers has one fork server, which runs no handler itself. Without pidfd (on systems other than
Linux), each environment starts separately.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import pkgutil
import runpy
import select
import signal
import site
import socket
import subprocess
import sys
import threading
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, NoReturn

_LAYERS: Final = "_LAMBDA_LAYERS_DIRS"
_PACKAGES: Final = (
    "boto3",
    "aws_lambda_powertools.event_handler.api_gateway",
    "pydantic.json_schema",
    "pydantic.main",
    "pydantic.type_adapter",
    "shoal.bootstrap.aws",
    "shoal.service",
    "shoal.wire",
)
"""Imports of most functions, if installed; packages include all their modules."""
_MOST_BYTES: Final = 200_000
"""Maximum size of a request (path, directory and variables of an environment)."""


class Environment:
    """A forked process, with what the emulator uses of `subprocess.Popen`."""

    def __init__(self, pid: int, pipes: Sequence[int]) -> None:
        self.pid = pid
        self._life = os.fdopen(os.pidfd_open(pid), "rb", buffering=0)  # readable once it ended
        self.stdin = os.fdopen(pipes[0], "w", buffering=1, encoding="utf-8")
        self.stdout = os.fdopen(pipes[1], encoding="utf-8")
        self.stderr = os.fdopen(pipes[2], encoding="utf-8")

    def poll(self) -> int | None:
        """Returns 0 if it has ended, whatever its exit code was: only its parent learns that."""
        return 0 if self._ended(0) else None

    def wait(self, timeout: float | None = None) -> int:
        """Waits until it has ended; raises TimeoutExpired if it has not in time."""
        if not self._ended(timeout):
            raise subprocess.TimeoutExpired("environment", timeout or 0.0)
        return 0

    def terminate(self) -> None:
        """Sends SIGTERM."""
        self._send(signal.SIGTERM)

    def kill(self) -> None:
        """Sends SIGKILL."""
        self._send(signal.SIGKILL)

    def _ended(self, timeout: float | None) -> bool:
        poll = select.poll()  # select() takes no numbers from 1,024 on
        poll.register(self._life, select.POLLIN)
        return bool(poll.poll(None if timeout is None else timeout * 1_000))

    def _send(self, number: int) -> None:
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._life.fileno(), number)


class EnvironmentForkServer:
    """The process that forks environments with the same layers."""

    def __init__(self, layers: str) -> None:
        self._layers = layers
        self._lock = threading.Lock()
        self._line, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with other:
            self._process = subprocess.Popen(  # noqa: S603 - our own module
                [sys.executable, "-m", __name__, str(other.fileno()), layers],
                pass_fds=[other.fileno()],
                stdin=subprocess.DEVNULL,
                cwd=Path(__file__).parents[1],
            )

    def start(self, script: str, *, cwd: str, env: Mapping[str, str]) -> Environment:
        """Runs the script in a new process."""
        ours, theirs = [], []
        for writes in (True, False, False):
            read, write = os.pipe()
            ours.append(write if writes else read)
            theirs.append(read if writes else write)
        request = json.dumps({"script": script, "cwd": cwd, "env": dict(env)}).encode()
        with self._lock:
            socket.send_fds(self._line, [request], theirs)
            answer = self._line.recv(_MOST_BYTES)
            for each in theirs:
                os.close(each)
            if not answer:
                raise RuntimeError(f"the fork server of layers {self._layers!r} has ended")
            return Environment(int(answer), ours)  # before the next request, so its id is its own


class Subprocess:
    """The module `subprocess`, except that workers in Python are forked."""

    def __init__(self) -> None:
        self._servers: dict[str, EnvironmentForkServer] = {}
        self._lock = threading.Lock()

    def __getattr__(self, name: str) -> Any:
        return getattr(subprocess, name)

    def Popen(self, command: Sequence[str], **given: Any) -> Any:  # noqa: N802 - its name
        """Starts the command, or forks an environment if the command is a script in Python."""
        if command[0] != sys.executable or not hasattr(os, "pidfd_open"):
            return subprocess.Popen(command, **given)  # noqa: S603 - the emulator's own command
        layers = given["env"].get(_LAYERS, "")
        with self._lock:
            server = self._servers.get(layers) or self._servers.setdefault(
                layers, EnvironmentForkServer(layers)
            )
        return server.start(command[1], cwd=given["cwd"], env=given["env"])


def main() -> None:
    """Imports the packages, then forks for each request until the emulator exits."""
    line = socket.socket(fileno=int(sys.argv[1]))
    del sys.path[0]  # this repository, which no function may import
    _import(sys.argv[2])
    gc.freeze()
    while True:
        request, pipes, _, _ = socket.recv_fds(line, _MOST_BYTES, 3)
        if not request:
            return
        _reap()
        pid = os.fork()
        if not pid:
            line.close()
            _run(json.loads(request), pipes)
        for each in pipes:
            os.close(each)
        line.send(str(pid).encode())


def _import(layers: str) -> None:
    """Imports from the layers first, as the emulator's worker script does."""
    for layer in filter(None, layers.split(os.pathsep)):
        sys.path.insert(0, f"{layer}/python")
        for packages in Path(layer).glob("python/lib/*/site-packages"):
            site.addsitedir(str(packages))
    for name in _PACKAGES:
        with suppress(
            Exception
        ):  # an import that fails here also fails in the environment, which reports it
            package = importlib.import_module(name)
            if name.startswith("shoal."):
                for each in pkgutil.iter_modules(getattr(package, "__path__", ()), f"{name}."):
                    importlib.import_module(each.name)


def _reap() -> None:
    """Collects the environments that have ended."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _run(request: Mapping[str, Any], pipes: Sequence[int]) -> NoReturn:
    """Becomes the environment."""
    status = 1
    try:
        for number, pipe in enumerate(pipes):
            os.dup2(pipe, number)
            os.close(pipe)
        os.environ.clear()  # noqa: TID251 - the environment gets its own
        os.environ.update(request["env"])  # noqa: TID251
        os.chdir(request["cwd"])
        sys.argv = [request["script"]]
        runpy.run_path(request["script"], run_name="__main__")
        status = 0
    except BaseException:  # noqa: BLE001 - nothing of the fork server may run on
        traceback.print_exc()
    finally:
        with suppress(OSError):
            sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    main()
