"""Ports that count their writes and stop the process at one of them."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, cast

from shoal.adapters.memory.chunks import MemoryChunkStore
from shoal.adapters.memory.jobs import MemoryJobStore
from shoal.adapters.memory.windows import MemoryWindowStore
from shoal.domain.chunk import Chunk
from shoal.domain.job import Priority
from shoal.domain.tally import Tally
from shoal.ports.queues import Message, TaskQueue


class Stopped(BaseException):
    """The process stopped here; like SIGKILL, it cannot be caught."""


class StopPoint:
    """Counts writes; stops the process before or after the one at `at` (from 1 on), once."""

    def __init__(self, at: int = 0, *, after: bool = False) -> None:
        self.at = at
        self.after = after
        self.writes = 0
        self.reached = ""

    def write[T](self, name: str, call: Callable[[], T]) -> T:
        self.writes += 1
        here = self.writes == self.at
        if here and not self.after:
            self.reached = f"before {name}"
            raise Stopped(self.reached)
        result = call()
        if here:
            self.reached = f"after {name}"
            raise Stopped(self.reached)
        return result


class _Stopping:
    """A port whose named writes can be the stop point."""

    def __init__(self, port: object, stop_point: StopPoint, writes: Iterable[str]) -> None:
        self._port = port
        self._fuse = stop_point
        self._writes = frozenset(writes)
        for name in self._writes:
            getattr(port, name)  # a renamed method is an error

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)
        if name not in self._writes:
            return method
        label = f"{type(self._port).__name__}.{name}"

        def write(*args: Any, **kwargs: Any) -> Any:
            return self._fuse.write(label, lambda: method(*args, **kwargs))

        return write


class StoppingJobs(_Stopping):
    """Tallies are created one by one, so that a stop can happen between them."""

    def __init__(self, store: MemoryJobStore, stop_point: StopPoint) -> None:
        names = ("put", "begin", "set_entry", "set_sum", "count_tasks", "stop_watching")
        super().__init__(store, stop_point, names)
        self._store = store

    def create_tallies(self, tallies: Iterable[Tally], *, expires_at: int) -> None:
        for tally in tallies:
            create = partial(self._store.create_tallies, [tally], expires_at=expires_at)
            self._fuse.write("create_tally", create)


class StoppingChunks(_Stopping):
    """Chunks are created one by one, so that a stop can happen between them."""

    def __init__(self, store: MemoryChunkStore, stop_point: StopPoint) -> None:
        super().__init__(store, stop_point, ("put", "put_part"))
        self._store = store

    def create(self, chunks: Iterable[Chunk]) -> None:
        for chunk in chunks:
            self._fuse.write("create_chunk", partial(self._store.create, [chunk]))


class StoppingWindows(_Stopping):
    """A transaction is one write: it cannot stop halfway."""

    def __init__(self, store: MemoryWindowStore, stop_point: StopPoint) -> None:
        super().__init__(store, stop_point, ("open", "put", "note", "resize"))


class StoppingQueue:
    """Messages are sent one by one, so that a stop can happen between them."""

    def __init__(self, queue: TaskQueue, stop_point: StopPoint) -> None:
        self._queue = queue
        self._fuse = stop_point

    def send(self, priority: Priority, messages: Iterable[Message], *, tenant: str) -> None:
        for message in messages:
            send = partial(self._queue.send, priority, [message], tenant=tenant)
            self._fuse.write("send", send)


def stopping[T](port: T, stop_point: StopPoint, *writes: str) -> T:
    """Return the port with these writes as possible stop points."""
    return cast("T", _Stopping(port, stop_point, writes))
