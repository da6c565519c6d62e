"""A child process: runs the tasks of one assignment after another, one at a time, in order.

It hears of an assignment on its connection and writes outcomes to the slate. It sends one byte for
each thing that the worker should look at.
"""

from __future__ import annotations

import asyncio
import fcntl
import io
import marshal
import os
import socket
import sys
import termios
import time
import traceback
from collections.abc import Buffer, Mapping
from typing import Any, ClassVar, Final, NamedTuple, TextIO

from shoal.sdk import Context, NonRetryable, Task
from shoal.worker import framing
from shoal.worker.outcome import (
    NotJSON,
    ResultTooLarge,
    Stamps,
    completed,
    failed,
    result_text,
)
from shoal.worker.slate import Slate

DONE: Final = b"D"
"""The assignment is over."""
PROGRESS: Final = b"P"
"""There are outcomes to read."""
FULL: Final = b"F"
"""The slate is full; waits for an answer."""
TAIL: Final = b"T"
"""Waits for the tail of what the task in hand printed."""

_PROGRESS_SECONDS: Final = 0.25
_LOOK_SECONDS: Final = 0.001


class Assignment(NamedTuple):
    """Tasks of one chunk for a child: index, attempt and input of each."""

    task_type: str
    job_id: str
    epoch: int
    tasks: list[tuple[int, int, Mapping[str, Any]]]


class Child:
    """The loop of a child process; `output` is its end of the pipe that its output goes to."""

    def __init__(
        self,
        connection: socket.socket,
        slate: Slate,
        output: int,
        tasks: Mapping[str, Task[..., Any]],
    ) -> None:
        self._connection = connection
        self._slate = slate
        self._output = output
        self._tasks = tasks
        self._stamps = Stamps()
        self._unread = bytearray(4)
        self._printed = 0
        self._looked = 0.0

    def serve(self) -> None:
        """Run assignments until the worker closes the connection."""
        while True:
            try:
                assignment = Assignment(*marshal.loads(framing.receive(self._connection)))  # noqa: S302 - our own worker sent it
            except EOFError:
                return
            self._run(assignment)
            self._connection.send(DONE)

    def _run(self, assignment: Assignment) -> None:
        task = self._tasks[assignment.task_type]
        slate, told = self._slate, time.monotonic()
        wall = time.time() - told
        for position, (index, attempt, given) in enumerate(assignment.tasks):
            if slate.stopping:
                return
            now = time.monotonic()
            if _Output.written or now - self._looked > _LOOK_SECONDS:
                self._look(now)
            slate.mark(position, now, self._printed)
            if now - told > _PROGRESS_SECONDS:
                told = now
                self._connection.send(PROGRESS)
            try:
                context = (
                    Context(assignment.job_id, index, attempt, assignment.epoch)
                    if task.wants_context
                    else None
                )
                result = task.function(**task.arguments(given, context))
                if task.is_async:
                    result = asyncio.run(result)
                text = result_text(result)
            except BaseException as error:  # noqa: BLE001 - whatever a task raises is its outcome
                outcome = self._failure(index, attempt, wall + now, error)
            else:
                took = time.monotonic() - now
                outcome = completed(index, attempt, self._stamps.text(wall + now), took, text)
            if not slate.add(outcome):
                self._connection.send(FULL)
                framing.receive(self._connection)
                slate.add(outcome)

    def _failure(self, index: int, attempt: int, began: float, error: BaseException) -> bytes:
        took = time.time() - began
        expected = isinstance(error, (NonRetryable, NotJSON, ResultTooLarge))
        if not expected:
            own = error.__traceback__ and error.__traceback__.tb_next
            traceback.print_exception(type(error), error, own, file=sys.stderr)
        self._connection.send(TAIL)
        return failed(
            *(index, attempt, self._stamps.text(began), took),
            kind=type(error).__name__,
            message=_message(error),
            tail=framing.receive(self._connection),
            retryable=not expected,
        )

    def _look(self, now: float) -> None:
        """Count bytes printed so far: those that the worker has read, and those in the pipe.

        Done only if Python printed since, or enough time has passed for others to have printed.
        """
        _Output.written = False
        self._looked = now
        try:
            fcntl.ioctl(self._output, termios.FIONREAD, self._unread)
        except OSError:  # this system does not tell
            self._unread[:] = bytes(4)
        self._printed = self._slate.printed + int.from_bytes(self._unread, sys.byteorder)


class _Output(io.FileIO):
    """Standard output or error of a task, unbuffered, so that a killed task has printed it all."""

    written: ClassVar[bool] = False

    def write(self, data: Buffer, /) -> int:
        """Write it through."""
        _Output.written = True
        return super().write(data)


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - a user's __str__ may raise anything
        return "(its message cannot be shown)"


def _stream(descriptor: int) -> TextIO:
    raw = _Output(descriptor, "w", closefd=False)
    return io.TextIOWrapper(raw, encoding="utf-8", errors="backslashreplace", write_through=True)


def run_child(
    connection: int, slate: int, output: int, tasks: Mapping[str, Task[..., Any]]
) -> None:
    """Be a child process on these descriptors, until the worker closes the connection."""
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    sys.stdout, sys.stderr = _stream(1), _stream(2)
    shared = Slate(slate)
    os.close(slate)
    Child(socket.socket(fileno=connection), shared, output, tasks).serve()
