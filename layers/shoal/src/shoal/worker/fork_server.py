"""The nursery: a process with one thread that has imported the user's tasks and forks children.

Forking a worker with threads would be unsafe, and starting Python anew for each child would cost
half a second. The nursery outlives neither its worker (it reads the end of the control socket) nor
do its children outlive it (a signal on the death of the parent, where the kernel has it).

Requests are nine bytes, a kind and the number of a child: `S` (with four descriptors) forks it, `K`
kills it with everything it started. The status of a child that ended is written to its exit pipe.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import hashlib
import importlib
import inspect
import json
import logging
import os
import selectors
import signal
import socket
import struct
import sys
import traceback
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final, NoReturn

from shoal.sdk import Task, discover
from shoal.sdk.context import TaskStorage
from shoal.worker.assignment import ChildLimits, StorageFactory
from shoal.worker.child import run_child
from shoal.worker.logs import configure_logging

REQUEST: Final = struct.Struct("<cq")
STATUS: Final = struct.Struct("<q")
START: Final = b"S"
KILL: Final = b"K"

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_CHILD_SUBREAPER: Final = 36


def _prctl(option: int, argument: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, argument, 0, 0, 0)


class ForkServer:
    """The children that live, by number and by process id, and the exit pipe of each."""

    def __init__(
        self,
        control: socket.socket,
        tasks: Mapping[str, Task[..., Any]],
        limits: ChildLimits,
        storage: StorageFactory | None,
    ) -> None:
        self._control = control
        self._tasks = tasks
        self._limits = limits
        self._storage = storage
        self._pids: dict[int, int] = {}
        self._exits: dict[int, tuple[int, int]] = {}

    def serve(self) -> None:
        """Fork, kill and bury until the worker is gone."""
        woken, wake = socket.socketpair()
        for end in (woken, wake):
            end.settimeout(0)
        signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        with selectors.DefaultSelector() as selector:
            selector.register(self._control, selectors.EVENT_READ)
            selector.register(woken, selectors.EVENT_READ)
            while self._handle_all(selector, woken):
                self._reap()
        signal.set_wakeup_fd(-1)

    def _handle_all(self, selector: selectors.BaseSelector, woken: socket.socket) -> bool:
        """Answer what has come; whether the worker is still there."""
        for key, _ in selector.select():
            if key.fileobj is woken:
                with contextlib.suppress(BlockingIOError):
                    woken.recv(4096)
            elif not self._handle_request():
                return False
        return True

    def kill_all(self) -> None:
        """Leave nothing behind."""
        for pid in self._exits:
            _kill_group(pid)
            os.waitpid(pid, 0)

    def _handle_request(self) -> bool:
        data, descriptors, _, _ = socket.recv_fds(self._control, REQUEST.size, 4)
        if not data:
            return False
        kind, number = REQUEST.unpack(data)
        if kind == START:
            self._fork(number, descriptors)
        elif number in self._pids:
            _kill_group(self._pids[number])
        return True

    def _fork(self, number: int, descriptors: list[int]) -> None:
        connection, shared_memory, output, ended = descriptors
        pid = os.fork()
        if pid == 0:
            self._become_child(connection, shared_memory, output, ended)
        self._pids[number] = pid
        self._exits[pid] = (number, ended)
        for descriptor in (connection, shared_memory, output):
            os.close(descriptor)

    def _become_child(
        self, connection: int, shared_memory: int, output: int, ended: int
    ) -> NoReturn:
        status = 1
        try:
            server = os.getppid()
            _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            os.setsid()
            signal.set_wakeup_fd(-1)
            for reset in (signal.SIGCHLD, signal.SIGTERM):
                signal.signal(reset, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            self._control.close()
            os.close(ended)
            for _, other in self._exits.values():
                os.close(other)
            if os.getppid() == server:
                run_child(
                    *(connection, shared_memory, output, self._tasks),
                    limits=self._limits,
                    storage=self._storage,
                )
            status = 0
        except BaseException:  # a child must never return into the nursery
            logging.getLogger("shoal.worker").critical("child process failed", exc_info=True)
        finally:
            os._exit(status)

    def _reap(self) -> None:
        while True:
            try:
                ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                return
            if ended is None:
                return
            pid = ended.si_pid
            if pid in self._exits:
                _kill_group(pid)  # what it started; its own id is still its own
            _, status = os.waitpid(pid, 0)
            if pid in self._exits:
                number, pipe = self._exits.pop(pid)
                del self._pids[number]
                with contextlib.suppress(BrokenPipeError):
                    os.write(pipe, STATUS.pack(os.waitstatus_to_exitcode(status)))
                os.close(pipe)


def _kill_group(pid: int) -> None:
    """Kill a child and what it started; one that has not made its group yet, alone."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)


def _describe(task: Task[..., Any]) -> dict[str, Any]:
    """What the API is told of a task type, and what only its worker has to know."""
    offer = task.offer
    retry = None if offer.retry is None else asdict(offer.retry)
    return {
        "offer": {
            "name": offer.name,
            "schema": task.schema,
            "timeout": offer.timeout,
            "retry": retry and retry | {"non_retryable": list(retry["non_retryable"])},
            "batch": offer.batch,
            "description": offer.description[:2_000],
        },
        "concurrent": task.is_async or offer.batch is not None,
        "cancellable": task.wants_context or task.is_async,
    }


def _discovered(modules: Iterable[str]) -> Mapping[str, Task[..., Any]]:
    tasks = discover(modules)
    if not tasks:
        raise LookupError("no tasks: name modules in SHOAL_TASKS, or install a package with some")
    return tasks


def _digest(tasks: Iterable[Task[..., Any]]) -> str:
    """Of the source files that the tasks are in, so that two versions can be told apart."""
    files = {inspect.getsourcefile(inspect.unwrap(task.function)) or "" for task in tasks}
    digest = hashlib.sha256()
    for file in sorted(filter(None, files)):
        digest.update(Path(file).read_bytes())
    return f"sha256:{digest.hexdigest()}"


def _imported(place: str | None, worker: str) -> StorageFactory | None:
    """`package.module:name`, imported only when a task first keeps something."""
    if place is None:
        return None
    module, _, name = place.partition(":")

    def make(*about: Any) -> TaskStorage:
        storage: TaskStorage = getattr(importlib.import_module(module), name)(worker, *about)
        return storage

    return make


def main() -> int:
    """Import the tasks, say what they are, serve. Arguments: the control socket, then JSON."""
    control = socket.socket(fileno=int(sys.argv[1]))
    arguments = json.loads(sys.argv[2])
    sys.path[:] = arguments["path"]
    configure_logging(os.fdopen(os.dup(2), "w", buffering=1), arguments["level"])
    for ignored in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ignored, signal.SIG_IGN)
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    connection = Connection(os.dup(control.fileno()))
    try:
        tasks = _discovered(arguments["modules"])
        hello: dict[str, Any] = {
            "types": [_describe(task) for task in tasks.values()],
            "digest": _digest(tasks.values()),
        }
    except BaseException:  # noqa: BLE001 - a user's module may raise anything; the worker says it
        hello = {"error": traceback.format_exc()}
    with connection, contextlib.suppress(BrokenPipeError):
        connection.send_bytes(json.dumps(hello).encode())
    if "error" in hello:
        return 1
    gc.freeze()  # keeps pages shared with the children
    server = ForkServer(
        control,
        tasks,
        ChildLimits(*arguments["limits"]),
        _imported(arguments["storage"], arguments["worker"]),
    )
    try:
        server.serve()
    finally:
        server.kill_all()
    return 0


if __name__ == "__main__":
    sys.exit(main())
