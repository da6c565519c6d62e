"""The worker's end of its child processes: one nursery, and a handle for each child."""

from __future__ import annotations

import contextlib
import json
import marshal
import os
import socket
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


class ForkServerDied(Exception):  # noqa: N818 - says what happened
    """The process that forks children is gone, and with it the children."""


class BadTasks(Exception):  # noqa: N818 - says what happened
    """The task modules cannot be imported; the message is the traceback."""


class OfferedType(NamedTuple):
    """A task type: what the API is told of it, and how it behaves.

    Several tasks run `together`, in one call or on one loop. A task that `looks` may hear that it
    is cancelled.
    """

    offer: Mapping[str, Any]
    concurrent: bool
    cancellable: bool


class ForkClient:
    """Starts children. To be used as a context: on leaving it no process is left."""

    def __init__(
        self,
        modules: Sequence[str],
        log_level: str = "INFO",
        *,
        limits: ChildLimits = ChildLimits(),  # noqa: B008 - a value
        storage: str | None = None,
        worker: str = "",
    ) -> None:
        """`storage` names, as `package.module:name`, what children make to keep things by the API.

        They do so in the name of their `worker`, which holds the leases.
        """
        self._arguments = {
            "modules": list(modules),
            "path": sys.path,
            "level": log_level,
            "limits": limits,
            "storage": storage,
            "worker": worker,
        }
        self._last = 0
        self.types: Mapping[str, OfferedType] = {}
        """What the modules offer, by name."""
        self.digest = ""
        """Of the code of the tasks."""

    def __enter__(self) -> Self:
        self._control, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own module
                [
                    *(sys.executable, "-m", "shoal.worker.fork_server"),
                    *(str(theirs.fileno()), json.dumps(self._arguments)),
                ],
                pass_fds=[theirs.fileno()],
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

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def _read_hello(self) -> None:
        with Connection(os.dup(self._control.fileno())) as connection:
            try:
                hello = json.loads(connection.recv_bytes())
            except EOFError as error:
                raise ForkServerDied("it died while it imported the tasks") from error
        if "error" in hello:
            raise BadTasks(hello["error"])
        self.types = {each["offer"]["name"]: OfferedType(**each) for each in hello["types"]}
        self.digest = hello["digest"]

    def start(self) -> ChildHandle:
        """Fork a child."""
        self._last += 1
        ours, theirs = socket.socketpair()
        output, their_output = os.pipe()
        ended, their_ended = os.pipe()
        shared_memory = new_descriptor()
        descriptors = [theirs.fileno(), shared_memory, their_output, their_ended]
        try:
            socket.send_fds(self._control, [REQUEST.pack(START, self._last)], descriptors)
        except OSError as error:
            raise ForkServerDied(str(error)) from error
        finally:
            theirs.close()
            os.close(their_output)
            os.close(their_ended)
        handle = ChildHandle(self._last, ours, SharedMemory(shared_memory), output, ended)
        os.close(shared_memory)
        return handle

    def kill(self, child: ChildHandle) -> None:
        """Kill it with all that it started; its exit follows on its pipe."""
        with contextlib.suppress(OSError):  # a nursery that is gone took the child with it
            self._control.send(REQUEST.pack(KILL, child.number))


class ChildHandle:
    """One child: where to talk to it, what it has printed of late, and how it ended."""

    def __init__(
        self,
        number: int,
        connection: socket.socket,
        shared_memory: SharedMemory,
        output: int,
        ended: int,
    ) -> None:
        self.number = number
        self.connection = connection
        self.shared_memory = shared_memory
        self.output = output
        self.ended = ended
        self.on_output: Callable[[bytes], None] = lambda _: None
        """Is told what the child prints."""
        os.set_blocking(output, False)
        self._printed = bytearray()

    def close(self) -> None:
        """Let go of it; a child that lives reads the end of its connection and leaves."""
        self.connection.close()
        self.shared_memory.close()
        os.close(self.output)
        os.close(self.ended)

    def assign(self, assignment: Assignment) -> bool:
        """Send it tasks; whether it could still be reached."""
        self.shared_memory.reset()
        try:
            framing.send(self.connection, marshal.dumps(tuple(assignment)))
        except OSError:
            return False
        return True

    def receive(self) -> bytes:
        """What it says, a byte a word; nothing if it is dying."""
        try:
            return self.connection.recv(64)
        except OSError:
            return b""

    def reply(self, text: bytes = b"") -> None:
        """Let it go on."""
        with contextlib.suppress(OSError):  # its death is told by its exit pipe
            framing.send(self.connection, text)

    def read_output(self) -> bool:
        """Read some of what it printed and keep the end of it; whether there was any."""
        try:
            data = os.read(self.output, _READ)
        except BlockingIOError:
            return False
        self.shared_memory.count_printed(len(data))
        self._printed += data
        del self._printed[:-MAX_TAIL]
        if data:
            self.on_output(data)
        return bool(data)

    def read_rest(self) -> None:
        """Read what it has printed so far."""
        for _ in range(64):  # the pipe's worth, not for ever if it goes on printing
            if not self.read_output():
                break

    def tail(self) -> bytes:
        """The end of what the task in hand has printed."""
        self.read_rest()
        current = self.shared_memory.current
        since = self.shared_memory.printed - (current[2] if current else 0)
        return bytes(self._printed[-since:]) if since > 0 else b""

    def exit_code(self) -> int:
        """How it ended; raise NurseryDied if nobody can tell."""
        status = os.read(self.ended, STATUS.size)
        if len(status) < STATUS.size:
            raise ForkServerDied("it died, and took the children with it")
        code: int = STATUS.unpack(status)[0]
        return code
