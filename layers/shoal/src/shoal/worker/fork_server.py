"""The fork server: a single-threaded process that imports the user's tasks and forks children.

Forking the worker itself would be unsafe, because it has threads. Starting Python for each child
would take half a second. The fork server ends with its worker, when it reads the end of the control
socket. Children end with the fork server, by the parent-death signal of Linux.

A request has nine bytes, a kind and the number of a child: `S`, with five descriptors, forks a
child; `K` kills a child and its subprocesses. The process id of a child, and later its exit status,
are written to its exit pipe.
"""

from __future__ import annotations

import contextlib
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
from typing import Any, Final, NamedTuple, NoReturn

from shoal.sdk import Task, discover
from shoal.sdk.context import TaskStorage
from shoal.worker.assignment import Ask, ChildDescriptors, ChildLimits, StorageFactory
from shoal.worker.child import run_child
from shoal.worker.logs import configure_logging
from shoal.worker.process import (
    PR_SET_CHILD_SUBREAPER,
    PR_SET_PDEATHSIG,
    forbid_inspection,
    prctl,
)
from shoal.worker.workspaces import Workspace, Workspaces, problem

REQUEST: Final = struct.Struct("<cq")
STATUS: Final = struct.Struct("<q")
START: Final = b"S"
KILL: Final = b"K"
_DESCRIPTORS: Final = 5


class _Running(NamedTuple):
    """A child that has not been reaped."""

    number: int
    exit_pipe: int
    workspace: Workspace


class ForkServer:
    """Keeps the running children by number and by process id."""

    def __init__(
        self,
        control: socket.socket,
        tasks: Mapping[str, Task[..., Any]],
        limits: ChildLimits,
        storage: StorageFactory | None,
        workspaces: Workspaces,
    ) -> None:
        self._control = control
        self._tasks = tasks
        self._limits = limits
        self._storage = storage
        self._workspaces = workspaces
        self._woken, self._wake = socket.socketpair()
        self._selector = selectors.DefaultSelector()
        self._pids: dict[int, int] = {}
        self._running: dict[int, _Running] = {}

    def serve(self) -> None:
        """Forks, kills and reaps children until the worker ends."""
        for end in (self._woken, self._wake):
            end.settimeout(0)
        signal.set_wakeup_fd(self._wake.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        with self._selector:
            self._selector.register(self._control, selectors.EVENT_READ)
            self._selector.register(self._woken, selectors.EVENT_READ)
            while self._handle_all():
                self._reap()
        signal.set_wakeup_fd(-1)

    def _handle_all(self) -> bool:
        """Handles pending requests. Returns False if the worker has ended."""
        for key, _ in self._selector.select():
            if key.fileobj is self._woken:
                with contextlib.suppress(BlockingIOError):
                    self._woken.recv(4096)
            elif not self._handle_request():
                return False
        return True

    def kill_all(self) -> None:
        """Kills and reaps all children."""
        for pid, child in self._running.items():
            _kill_group(pid)
            os.waitpid(pid, 0)
            self._workspaces.leave(child.workspace)
        self._workspaces.close()

    def _handle_request(self) -> bool:
        data, descriptors, _, _ = socket.recv_fds(self._control, REQUEST.size, _DESCRIPTORS)
        if not data:
            return False
        kind, number = REQUEST.unpack(data)
        if kind == START:
            self._fork(number, descriptors)
        elif number in self._pids:
            _kill_group(self._pids[number])
        return True

    def _fork(self, number: int, descriptors: list[int]) -> None:
        of_child, exit_pipe = ChildDescriptors(*descriptors[:-1]), descriptors[-1]
        child = _Running(number, exit_pipe, self._workspace(number))
        pid = os.fork()
        if pid == 0:
            self._become_child(child, of_child)
        self._pids[number] = pid
        self._running[pid] = child
        with contextlib.suppress(BrokenPipeError):
            os.write(exit_pipe, STATUS.pack(pid))
        for descriptor in of_child:
            os.close(descriptor)

    def _workspace(self, number: int) -> Workspace:
        """Returns the workspace of a new child, once one is free."""
        while (workspace := self._workspaces.take(number)) is None:
            os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
            self._reap()
        return workspace

    def _become_child(self, child: _Running, descriptors: ChildDescriptors) -> NoReturn:
        status = 1
        try:
            server_pid = os.getppid()
            os.setsid()
            self._workspaces.enter(child.workspace)
            forbid_inspection()  # again, because a change of the user resets both
            prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            signal.set_wakeup_fd(-1)
            for reset in (signal.SIGCHLD, signal.SIGTERM):
                signal.signal(reset, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            self._close_own(child)
            if os.getppid() == server_pid:
                run_child(descriptors, self._tasks, limits=self._limits, storage=self._storage)
            status = 0
        except BaseException:  # a child must never return into the fork server's loop
            logging.getLogger("shoal.worker").critical("child process failed", exc_info=True)
        finally:
            os._exit(status)

    def _close_own(self, child: _Running) -> None:
        """Closes, in a child, the descriptors of the fork server."""
        for own in (self._selector, self._woken, self._wake, self._control):
            own.close()
        for each in (child, *self._running.values()):
            os.close(each.exit_pipe)

    def _reap(self) -> None:
        while True:
            try:
                ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                return
            if ended is None:
                return
            pid = ended.si_pid
            if pid in self._running:
                _kill_group(pid)  # its subprocesses; the id is not reused before it is reaped
            _, status = os.waitpid(pid, 0)
            code = os.waitstatus_to_exitcode(status)
            self._workspaces.on_exit(pid, code)
            child = self._running.pop(pid, None)
            if child is not None:
                self._on_exit(child, code)

    def _on_exit(self, child: _Running, code: int) -> None:
        del self._pids[child.number]
        self._workspaces.leave(child.workspace)
        with contextlib.suppress(BrokenPipeError):
            os.write(child.exit_pipe, STATUS.pack(code))
        os.close(child.exit_pipe)


def _kill_group(pid: int) -> None:
    """Kills a child and its subprocesses, or only the child if it has no process group yet."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)


def _describe(task: Task[..., Any]) -> dict[str, Any]:
    """Returns the offer of a task type for the API, and the properties that only the worker needs.

    The keys are the fields of `OfferedType`.
    """
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
        raise LookupError(
            "no tasks found: set SHOAL_TASKS to modules with tasks, or install a package with the"
            " entry point group `shoal.tasks`"
        )
    return tasks


def _digest(tasks: Iterable[Task[..., Any]]) -> str:
    """Returns a digest of the source files of the tasks, to distinguish versions."""
    files = {inspect.getsourcefile(inspect.unwrap(task.function)) or "" for task in tasks}
    digest = hashlib.sha256()
    for file in sorted(filter(None, files)):
        digest.update(Path(file).read_bytes())
    return f"sha256:{digest.hexdigest()}"


def _imported(reference: str | None) -> StorageFactory | None:
    """Returns a factory that imports `package.module:name` on the first use by a task."""
    if reference is None:
        return None
    module, _, name = reference.partition(":")

    def make(ask: Ask, index: int) -> TaskStorage:
        storage: TaskStorage = getattr(importlib.import_module(module), name)(ask, index)
        return storage

    return make


def _hello(
    modules: Iterable[str], uids: range | None
) -> tuple[Mapping[str, Task[..., Any]], dict[str, Any]]:
    """Returns the tasks, and what the worker learns of them or of the reason to stop."""
    if uids is not None and (reason := problem(uids)) is not None:
        return {}, {"unusable_uids": reason}
    try:
        tasks = _discovered(modules)
        types = [_describe(task) for task in tasks.values()]
        return tasks, {"types": types, "digest": _digest(tasks.values())}
    except BaseException:  # noqa: BLE001 - a user's module may raise anything; the worker reports it
        return {}, {"error": traceback.format_exc()}


def main() -> int:
    """Imports the tasks, describes them to the worker and serves requests.

    The arguments are the descriptor of the control socket and a JSON object.
    """
    forbid_inspection()
    control = socket.socket(fileno=int(sys.argv[1]))
    arguments = json.loads(sys.argv[2])
    sys.path[:] = arguments["path"]
    configure_logging(os.fdopen(os.dup(2), "w", buffering=1), arguments["level"])
    for ignored in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ignored, signal.SIG_IGN)
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    uids = arguments["uids"] and range(*arguments["uids"])
    tasks, hello = _hello(arguments["modules"], uids)
    workspaces = Workspaces(uids) if "types" in hello else None
    hello["workspaces"] = workspaces and str(workspaces.root or "")
    with Connection(os.dup(control.fileno())) as connection, contextlib.suppress(BrokenPipeError):
        connection.send_bytes(json.dumps(hello).encode())
    if workspaces is None:
        return 1
    gc.freeze()  # keeps memory pages shared with the children
    server = ForkServer(
        control,
        tasks,
        ChildLimits(*arguments["limits"]),
        _imported(arguments["storage"]),
        workspaces,
    )
    try:
        server.serve()
    finally:
        server.kill_all()
    return 0


if __name__ == "__main__":
    sys.exit(main())
