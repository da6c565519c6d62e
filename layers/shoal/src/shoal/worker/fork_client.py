"""The worker's side of its child processes: one fork server, and a handle for each child."""

from __future__ import annotations

import contextlib
import json
import marshal
import os
import shutil
import socket
import struct
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from multiprocessing.connection import Connection
from typing import Any, Final, NamedTuple, Self

from shoal.wire.worker import MAX_TAIL
from shoal.worker import framing
from shoal.worker.assignment import Assignment, ChildLimits
from shoal.worker.fork_server import KILL, REQUEST, START, STATUS
from shoal.worker.shared_memory import SharedMemory, new_descriptor

_READ: Final = 65_536
_SEND_TIMEOUT: Final = struct.pack("@ll", 5, 0)
"""Seconds and microseconds within which a child must read what the worker sends."""
_CALL_SECONDS: Final = 5.0
"""Seconds within which a child must send the rest of a call, or read the answer."""


class ForkServerDied(Exception):  # noqa: N818 - named after the event
    """The fork server process has ended, and the children with it."""


class BadTasks(Exception):  # noqa: N818 - named after the event
    """The task modules cannot be imported. The message is the traceback."""


class UnusableUids(Exception):  # noqa: N818 - named after the event
    """The worker cannot run children as the users of SHOAL_TASK_UIDS."""


class OfferedType(NamedTuple):
    """A task type: its offer, which is sent to the API, and how a child runs it.

    A child runs several tasks of a `concurrent` type at a time, in one call or on one event loop.
    Tasks of a `cancellable` type can detect that their job is cancelled.
    """

    offer: Mapping[str, Any]
    concurrent: bool
    cancellable: bool


class ForkClient:
    """Starts children. Use it as a context manager: on exit, it leaves no process running."""

    def __init__(
        self,
        modules: Sequence[str],
        log_level: str = "INFO",
        *,
        environment: Mapping[str, str],
        limits: ChildLimits = ChildLimits(),  # noqa: B008 - a value
        storage: str | None = None,
        uids: range | None = None,
    ) -> None:
        """`environment` is all that tasks see of the worker's environment.

        `storage` names a factory as `package.module:name`; children call it for effects and
        artifacts. With `uids`, each child runs as a separate user.
        """
        self._environment = dict(environment)
        self._arguments = {
            "modules": list(modules),
            "path": sys.path,
            "level": log_level,
            "limits": limits,
            "storage": storage,
            "uids": uids and (uids.start, uids.stop),
        }
        self._last = 0
        self._workspaces = ""
        self.types: Mapping[str, OfferedType] = {}
        """The task types of the modules, by name."""
        self.digest = ""
        """The digest of the source files of the tasks."""

    def __enter__(self) -> Self:
        self._control, child_end = socket.socketpair()
        with child_end:
            self._process = subprocess.Popen(  # noqa: S603 - our own module
                [
                    *(sys.executable, "-m", "shoal.worker.fork_server"),
                    *(str(child_end.fileno()), json.dumps(self._arguments)),
                ],
                pass_fds=[child_end.fileno()],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        try:
            self._read_hello()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._control.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._workspaces:  # only if the fork server was killed
            shutil.rmtree(self._workspaces, ignore_errors=True)

    @property
    def pid(self) -> int:
        """The process id of the fork server."""
        return self._process.pid

    def _read_hello(self) -> None:
        with Connection(os.dup(self._control.fileno())) as connection:
            try:
                hello = json.loads(connection.recv_bytes())
            except EOFError as error:
                raise ForkServerDied("the fork server died while importing the tasks") from error
        if "unusable_uids" in hello:
            raise UnusableUids(hello["unusable_uids"])
        if "error" in hello:
            raise BadTasks(hello["error"])
        self.types = {each["offer"]["name"]: OfferedType(**each) for each in hello["types"]}
        self.digest = hello["digest"]
        self._workspaces = hello["workspaces"]

    def start(self) -> ChildHandle:
        """Forks a child."""
        self._last += 1
        own_end, child_end = socket.socketpair()
        own_end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _SEND_TIMEOUT)
        calls, their_calls = socket.socketpair()
        output, their_output = os.pipe()
        exit_pipe, their_exit_pipe = os.pipe()
        shared_memory = new_descriptor()
        descriptors = [
            *(child_end.fileno(), their_calls.fileno(), shared_memory),
            *(their_output, their_exit_pipe),
        ]
        try:
            socket.send_fds(self._control, [REQUEST.pack(START, self._last)], descriptors)
        except OSError as error:
            raise ForkServerDied(str(error)) from error
        finally:
            child_end.close()
            their_calls.close()
            os.close(their_output)
            os.close(their_exit_pipe)
        memory = SharedMemory(shared_memory)
        handle = ChildHandle(self._last, ChildEnds(own_end, calls, memory, output, exit_pipe))
        os.close(shared_memory)
        return handle

    def kill(self, child: ChildHandle) -> None:
        """Kills a child and its subprocesses. Its exit status follows on its exit pipe."""
        with contextlib.suppress(OSError):  # if the fork server is dead, so is the child
            self._control.send(REQUEST.pack(KILL, child.number))


class ChildEnds(NamedTuple):
    """The worker's ends of the connections with a child."""

    connection: socket.socket
    calls: socket.socket
    shared_memory: SharedMemory
    output: int
    exit_pipe: int


class ChildHandle:
    """One child: its connection, its calls, its shared memory, its output and its exit status."""

    def __init__(self, number: int, ends: ChildEnds) -> None:
        self.number = number
        self.process = 0
        """Its process id, also its session id; 0 before the fork server has sent it."""
        self.tenant: str | None = None
        """The tenant whose tasks it runs; None before its first assignment."""
        self.connection = ends.connection
        self.calls = ends.calls
        """The calls of its tasks to the API, which the worker makes."""
        self.shared_memory = ends.shared_memory
        self.output = ends.output
        self.exit_pipe = ends.exit_pipe
        self.on_output: Callable[[bytes], None] = lambda _: None
        """Called with the output of the child."""
        self.calls.settimeout(_CALL_SECONDS)
        os.set_blocking(self.output, False)
        self.printed = 0
        """Bytes of output that the worker has read."""
        self._printed = bytearray()

    def close(self) -> None:
        """Closes all descriptors. A running child reads the end of its connection and exits."""
        self.connection.close()
        self.calls.close()
        self.shared_memory.close()
        os.close(self.output)
        os.close(self.exit_pipe)

    def assign(self, assignment: Assignment) -> bool:
        """Sends an assignment. Returns False if the child has died or does not read."""
        self.shared_memory.reset()
        try:
            framing.send(self.connection, marshal.dumps(tuple(assignment)))
        except OSError:
            return False
        return True

    def receive(self) -> bytes:
        """Returns messages of the child, one byte each; empty if the child is dying."""
        try:
            return self.connection.recv(64)
        except OSError:
            return b""

    def reply(self, text: bytes = b"") -> bool:
        """Replies to a child that waits. Returns False if it has died or does not read."""
        try:
            framing.send_at_once(self.connection, text)
        except OSError:
            return False
        return True

    def call(self) -> socket.socket | None:
        """Returns a socket to read and answer the next call from; None if the child has ended.

        It is a copy, because another thread uses it and this one closes the child at any time.
        """
        try:
            begun = self.calls.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except OSError:
            return None
        return self.calls.dup() if begun else None

    def read_output(self) -> bool:
        """Reads output and keeps the end of it. Returns whether there was any."""
        try:
            data = os.read(self.output, _READ)
        except BlockingIOError:
            return False
        self.printed += len(data)
        self.shared_memory.set_printed(self.printed)
        self._printed += data
        del self._printed[:-MAX_TAIL]
        if data:
            self.on_output(data)
        return bool(data)

    def read_rest(self) -> None:
        """Reads all output so far."""
        for _ in range(64):  # bounded by the capacity of the pipe, in case it keeps printing
            if not self.read_output():
                break

    def tail(self) -> bytes:
        """Returns the end of the current task's output."""
        self.read_rest()
        current = self.shared_memory.current
        since = self.printed - (current[2] if current else 0)
        return bytes(self._printed[-since:]) if since > 0 else b""

    def exit_code(self) -> int | None:
        """Returns the exit code of the child; None if the fork server sends its process id first.

        Raises ForkServerDied if there is neither.
        """
        status = os.read(self.exit_pipe, STATUS.size)
        if len(status) < STATUS.size:
            raise ForkServerDied("the fork server died, and the children with it")
        number: int = STATUS.unpack(status)[0]
        if self.process == 0:
            self.process = number
            return None
        return number
