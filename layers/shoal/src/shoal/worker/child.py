"""A child process: runs the tasks of one assignment after another, one at a time, in order.

It hears of an assignment on its connection and writes outcomes to the slate. It sends one byte for
each thing that the worker should look at.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import pickle
import sys
import termios
import time
import traceback
from collections.abc import Mapping
from multiprocessing.connection import Connection
from typing import Any, Final, NamedTuple, TextIO

from shoal.sdk import Context, NonRetryable, Task
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


class Assignment(NamedTuple):
    """Tasks of one chunk for a child: index, attempt and input of each."""

    task_type: str
    job_id: str
    epoch: int
    tasks: list[tuple[int, int, Mapping[str, Any]]]


class Child:
    """The loop of a child process; `output` is its end of the pipe that its output goes to."""

    def __init__(
        self, connection: Connection, slate: Slate, output: int, tasks: Mapping[str, Task[..., Any]]
    ) -> None:
        self._connection = connection
        self._slate = slate
        self._output = output
        self._tasks = tasks
        self._stamps = Stamps()
        self._stdout, self._stderr = sys.stdout, sys.stderr
        self._unread = bytearray(4)

    def serve(self) -> None:
        """Run assignments until the worker closes the connection."""
        while True:
            try:
                assignment = Assignment(*pickle.loads(self._connection.recv_bytes()))  # noqa: S301
            except EOFError:
                return
            self._run(assignment)
            self._connection.send_bytes(DONE)

    def _run(self, assignment: Assignment) -> None:
        task = self._tasks[assignment.task_type]
        slate, told = self._slate, time.monotonic()
        for position, (index, attempt, given) in enumerate(assignment.tasks):
            if slate.stopping:
                return
            context = (
                Context(assignment.job_id, index, attempt, assignment.epoch)
                if task.wants_context
                else None
            )
            now = time.monotonic()
            slate.mark(position, now, self._printed())
            if now - told > _PROGRESS_SECONDS:
                told = now
                self._connection.send_bytes(PROGRESS)
            outcome = self._attempt(task, index, attempt, given, context)
            if not slate.add(position, outcome):
                self._connection.send_bytes(FULL)
                self._connection.recv_bytes()
                slate.add(position, outcome)

    def _attempt(
        self,
        task: Task[..., Any],
        index: int,
        attempt: int,
        given: Mapping[str, Any],
        context: Context | None,
    ) -> bytes:
        began = time.time()
        try:
            result = task.function(**task.arguments(given, context))
            if task.is_async:
                result = asyncio.run(result)
            text = result_text(result)
            self._flush()
        except BaseException as error:  # noqa: BLE001 - whatever a task raises is its outcome
            return self._failure(index, attempt, began, error)
        return completed(index, attempt, self._stamps.text(began), time.time() - began, text)

    def _failure(self, index: int, attempt: int, began: float, error: BaseException) -> bytes:
        duration = time.time() - began
        if not isinstance(error, (NonRetryable, NotJSON, ResultTooLarge)):
            own = error.__traceback__ and error.__traceback__.tb_next
            traceback.print_exception(type(error), error, own, file=self._stderr)
        self._flush()
        self._connection.send_bytes(TAIL)
        return failed(
            index,
            attempt,
            self._stamps.text(began),
            duration,
            kind=type(error).__name__,
            message=_message(error),
            tail=self._connection.recv_bytes(),
            retryable=not isinstance(error, (NonRetryable, NotJSON, ResultTooLarge)),
        )

    def _printed(self) -> int:
        """Bytes printed so far: those that the worker has read, and those in the pipe."""
        try:
            fcntl.ioctl(self._output, termios.FIONREAD, self._unread)
        except OSError:
            return self._slate.printed
        return self._slate.printed + int.from_bytes(self._unread, sys.byteorder)

    def _flush(self) -> None:
        for stream in (self._stdout, self._stderr):
            try:
                stream.flush()
            except (OSError, ValueError):  # the task closed it
                continue


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - a user's __str__ may raise anything
        return "(its message cannot be shown)"


def _stream(descriptor: int) -> TextIO:
    return open(  # lives as long as the process
        descriptor, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False
    )


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
    Child(Connection(connection), shared, output, tasks).serve()
