"""A child process: runs the tasks of one assignment after another.

It receives assignments on its connection and writes outcomes to the shared memory. It sends a
message of one byte for each event that the worker must handle.
"""

from __future__ import annotations

import asyncio
import fcntl
import marshal
import os
import socket
import sys
import termios
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from itertools import batched
from typing import Any, Final

from shoal.sdk import Cancelled, Context, NonRetryable, RetryAfter, Task
from shoal.sdk.context import TaskStorage
from shoal.sdk.errors import LeaseLost
from shoal.worker import framing
from shoal.worker.assignment import (
    DONE,
    FULL,
    PROGRESS,
    RETIRE,
    TAIL,
    AssignedTask,
    Assignment,
    ChildDescriptors,
    ChildLimits,
    StorageFactory,
)
from shoal.worker.outcome import (
    NotJSON,
    ResultTooLarge,
    TimestampFormatter,
    completed,
    failed,
    result_text,
    timeout_message,
)
from shoal.worker.shared_memory import SharedMemory
from shoal.worker.task_sandbox import CapturedOutput, TaskSandbox, streams

_PROGRESS_SECONDS: Final = 0.25
_COUNT_OUTPUT_SECONDS: Final = 0.001
_KEEP_ALIVE_SECONDS: Final = 0.1
_MEMORY_CHECK_SECONDS: Final = 1.0


class Child:
    """The loop of a child process. `output` is the write end of the pipe for its output."""

    def __init__(
        self,
        connection: socket.socket,
        shared_memory: SharedMemory,
        output: int,
        tasks: Mapping[str, Task[..., Any]],
        *,
        limits: ChildLimits = ChildLimits(),  # noqa: B008 - a value
        storage: Callable[[int], TaskStorage] | None = None,
    ) -> None:
        self._connection = connection
        self._shared_memory = shared_memory
        self._output = output
        self._tasks = tasks
        self._limits = limits
        self._storage = storage or _no_storage
        self._sandbox = TaskSandbox(output, limits.max_data)
        self._timestamps = TimestampFormatter()
        self._loop: asyncio.Runner | None = None
        self._unread = bytearray(4)
        self._printed = 0
        self._output_counted_at = 0.0
        self._notified_at = 0.0
        self._tasks_run = 0
        self._memory_checked_at = 0.0
        self._memory: int | None = None
        self._wall_offset = 0.0
        """Seconds to add to a monotonic time to get a Unix time."""

    def serve(self) -> None:
        """Run assignments until the worker closes the connection."""
        while True:
            try:
                assignment = Assignment(*marshal.loads(framing.receive(self._connection)))  # noqa: S302 - our own worker sent it
            except EOFError:
                return
            self._run(assignment)
            self._connection.send(RETIRE if self._should_retire() else DONE)

    def _should_retire(self) -> bool:
        if self._tasks_run >= self._limits.max_tasks:
            return True
        now = time.monotonic()
        if now - self._memory_checked_at < _MEMORY_CHECK_SECONDS:
            return False
        self._memory_checked_at = now
        return self._sandbox.growth() >= self._limits.max_growth

    def _run(self, assignment: Assignment) -> None:
        task = self._tasks[assignment.task_type]
        self._notified_at = time.monotonic()
        self._wall_offset = time.time() - self._notified_at
        self._tasks_run += len(assignment.tasks)
        self._memory = task.offer.memory
        self._sandbox.limit_memory(self._memory)
        self._output_counted_at = 0.0  # makes the first task count the output
        if task.offer.batch is not None:
            self._run_batches(task, assignment, task.offer.batch)
        elif task.is_async:
            self._run_concurrently(task, assignment)
        else:
            self._run_sequentially(task, assignment)

    # Sequential tasks.

    def _run_sequentially(self, task: Task[..., Any], assignment: Assignment) -> None:
        shared_memory, sandbox, getpid = self._shared_memory, self._sandbox, os.getpid
        own_pid = getpid()
        for position, assigned in enumerate(assignment.tasks):
            now = self._start_task(position)
            if shared_memory.stopping:  # read after the start is recorded: see `Pool._split`
                return
            try:
                context = self._context(assignment, assigned, now) if task.wants_context else None
                text = result_text(task.function(**task.arguments(assigned[2], context)))
            except BaseException as error:  # noqa: BLE001 - any exception is the outcome of the task
                sandbox.exit_if_forked()
                if self._is_cancellation(error):
                    return
                outcome = self._failure(assigned, now, error)
            else:
                if getpid() != own_pid:  # inlined: this is the hot path
                    sandbox.exit_if_forked()
                outcome = self._success(assigned, now, text)
            if sandbox.modified:
                sandbox.restore()
            self._write_outcome(outcome)

    # Batches: several tasks in one call.

    def _run_batches(self, task: Task[..., Any], assignment: Assignment, size: int) -> None:
        position = 0
        for batch_tasks in batched(
            assignment.tasks, 1 if assignment.one_by_one else size, strict=False
        ):
            if self._shared_memory.stopping:
                return
            now = self._start_task(position)
            position += len(batch_tasks)
            items, rejected = _valid_items(task, batch_tasks)
            try:
                context = self._context(assignment, batch_tasks[0], now, batch=True)
                results = self._call_batch(task, items, context) if items else []
            except Cancelled:
                return
            for assigned in batch_tasks:
                result = rejected[assigned[0]] if assigned[0] in rejected else results.pop(0)
                self._write_outcome(self._outcome(assigned, now, result))
            self._sandbox.restore()

    def _call_batch(
        self, task: Task[..., Any], items: list[Any], context: Context
    ) -> list[Any | BaseException]:
        """Returns a result or an error for each item. If the call raises, all share that error."""
        try:
            results = list(task.function(**task.batch_arguments(items, context)))
            if len(results) != len(items):
                raise NotAResultEach(  # noqa: TRY301 - handled like any other error of the call
                    f"the batch returned {len(results)} results for {len(items)} inputs"
                )
        except BaseException as error:
            self._sandbox.exit_if_forked()
            if self._is_cancellation(error):
                raise
            return [error] * len(items)
        self._sandbox.exit_if_forked()
        return results

    # Coroutines: concurrent tasks.

    def _run_concurrently(self, task: Task[..., Any], assignment: Assignment) -> None:
        self._start_task(0)
        self._loop = self._loop or asyncio.Runner()
        self._loop.run(self._run_coroutines(task, assignment))
        self._sandbox.restore()

    async def _run_coroutines(self, task: Task[..., Any], assignment: Assignment) -> None:
        slots = asyncio.Semaphore(1 if assignment.one_by_one else task.offer.concurrency)
        running = {
            asyncio.create_task(self._run_async(task, assignment, position, slots))
            for position in range(len(assignment.tasks))
        }
        while running:
            _, running = await asyncio.wait(
                running, timeout=_KEEP_ALIVE_SECONDS, return_when=asyncio.FIRST_COMPLETED
            )
            self._notify_progress(time.monotonic())
            if not assignment.one_by_one:
                self._shared_memory.keep_alive(time.monotonic())
            if self._shared_memory.cancelled:
                for each in running:
                    each.cancel()

    async def _run_async(
        self,
        task: Task[..., Any],
        assignment: Assignment,
        position: int,
        slots: asyncio.Semaphore,
    ) -> None:
        assigned = assignment.tasks[position]
        async with slots:
            if self._shared_memory.stopping:
                return
            now = self._start_task(position) if assignment.one_by_one else time.monotonic()
            result: Any
            try:
                context = self._context(assignment, assigned, now)
                async with asyncio.timeout(assignment.timeout):
                    result = await task.function(**task.arguments(assigned[2], context))
            except TimeoutError as error:
                timed_out = time.monotonic() - now >= assignment.timeout
                result = Timeout(timeout_message(assignment.timeout)) if timed_out else error
            except BaseException as error:  # noqa: BLE001 - any exception is the outcome of the task
                if self._is_cancellation(error):
                    return
                result = error
            self._sandbox.exit_if_forked()
            self._write_outcome(self._outcome(assigned, now, result))

    # Shared by all three.

    def _start_task(self, position: int) -> float:
        """Records in the shared memory that a task starts. Returns the monotonic time."""
        now = time.monotonic()
        if CapturedOutput.written or now - self._output_counted_at > _COUNT_OUTPUT_SECONDS:
            self._count_output(now)
        self._shared_memory.start_task(position, now, self._printed)
        self._notify_progress(now)
        return now

    def _context(
        self, assignment: Assignment, assigned: AssignedTask, now: float, *, batch: bool = False
    ) -> Context:
        return Context(
            *(assignment.job_id, assigned[0], assigned[1], assignment.epoch),
            datetime.fromtimestamp(self._wall_offset + now + assignment.timeout, UTC),
            _SharedMemorySignals(self._shared_memory),
            _no_storage_in_batches if batch else self._storage,
        )

    def _is_cancellation(self, error: BaseException) -> bool:
        """Whether the task ended because of a cancel or a lost lease.

        A task that raises Cancelled although nobody cancelled it has failed.
        """
        is_cancel = isinstance(error, (Cancelled, asyncio.CancelledError))
        return (is_cancel and self._shared_memory.cancelled) or isinstance(error, LeaseLost)

    def _outcome(self, assigned: AssignedTask, now: float, result: Any) -> bytes:
        """Returns the encoded outcome of a task that returned or raised `result`."""
        if not isinstance(result, BaseException):
            try:
                return self._success(assigned, now, result_text(result))
            except (NotJSON, ResultTooLarge) as error:
                result = error
        return self._failure(assigned, now, result)

    def _success(self, assigned: AssignedTask, now: float, text: bytes) -> bytes:
        index, attempt, _ = assigned
        took = time.monotonic() - now
        return completed(index, attempt, self._timestamps.text(self._wall_offset + now), took, text)

    def _failure(self, assigned: AssignedTask, now: float, error: BaseException) -> bytes:
        index, attempt, _ = assigned
        took = time.monotonic() - now
        self._sandbox.redirect()
        expected = isinstance(error, (NonRetryable, NotJSON, ResultTooLarge, Timeout))
        if not expected:
            user_frames = error.__traceback__ and error.__traceback__.tb_next
            traceback.print_exception(type(error), error, user_frames, file=sys.stderr)
        self._connection.send(TAIL)
        return failed(
            *(index, attempt, self._timestamps.text(self._wall_offset + now), took),
            kind=type(error).__name__,
            message=self._message(error),
            tail=framing.receive(self._connection),
            retryable=not expected or isinstance(error, Timeout),
            retry_after=error.seconds if isinstance(error, RetryAfter) else None,
        )

    def _message(self, error: BaseException) -> str:
        if isinstance(error, MemoryError) and not error.args:
            if self._memory is None:
                return "exceeded the memory limit of the worker"
            return f"exceeded its memory limit of {self._memory} MB"
        try:
            return str(error)
        except Exception:  # noqa: BLE001 - a user's __str__ may raise anything
            return "(str() of the error raised an exception)"

    def _write_outcome(self, outcome: bytes) -> None:
        if not self._shared_memory.add(outcome):
            self._connection.send(FULL)
            framing.receive(self._connection)
            self._shared_memory.add(outcome)

    def _notify_progress(self, now: float) -> None:
        """Notifies the worker of new outcomes, at most once in `_PROGRESS_SECONDS`."""
        if now - self._notified_at > _PROGRESS_SECONDS:
            self._notified_at = now
            self._connection.send(PROGRESS)

    def _count_output(self, now: float) -> None:
        """Counts the bytes printed so far: those that the worker has read, and those in the pipe.

        Called only after Python has printed, or after enough time for a subprocess to print.
        """
        CapturedOutput.written = False
        self._output_counted_at = now
        self._sandbox.redirect()
        try:
            fcntl.ioctl(self._output, termios.FIONREAD, self._unread)
        except OSError:  # not supported on this system
            self._unread[:] = bytes(4)
        self._printed = self._shared_memory.printed + int.from_bytes(self._unread, sys.byteorder)


class Timeout(Exception):  # noqa: N818 - the name is the error type that users see
    """The task exceeded the timeout of its job."""


class NotAResultEach(NonRetryable):
    """A batch task must return a list with one result for each input."""


class _SharedMemorySignals:
    def __init__(self, shared_memory: SharedMemory) -> None:
        self._shared_memory = shared_memory

    @property
    def cancelled(self) -> bool:
        return self._shared_memory.cancelled

    def progress(self, fraction: float) -> None:
        self._shared_memory.set_progress(fraction)


class CallChannel:
    """Sends calls of tasks to the worker. Several threads of a task may use it."""

    def __init__(self, calls: socket.socket) -> None:
        self._calls = calls
        self._lock = threading.Lock()

    def ask(self, call: bytes) -> bytes:
        """Sends an encoded call and returns the answer."""
        with self._lock:
            framing.send(self._calls, call)
            return framing.receive(self._calls)


def _no_storage(_: int) -> TaskStorage:
    raise NonRetryable("effects and artifacts need a worker that is connected to the API")


def _no_storage_in_batches(_: int) -> TaskStorage:
    raise NonRetryable(
        "effects and artifacts are not available in a batch: a retry may form other batches"
    )


def _valid_items(
    task: Task[..., Any], batch_tasks: Sequence[AssignedTask]
) -> tuple[list[Any], Mapping[int, BaseException]]:
    """Returns the valid inputs, and the validation errors of the others by index."""
    items, rejected = [], dict[int, BaseException]()
    for index, _, given in batch_tasks:
        try:
            items.append(task.item(given))
        except NonRetryable as error:
            rejected[index] = error
    return items, rejected


def run_child(
    descriptors: ChildDescriptors,
    tasks: Mapping[str, Task[..., Any]],
    *,
    limits: ChildLimits,
    storage: StorageFactory | None,
) -> None:
    """Runs a child process on its descriptors until the worker closes the connection."""
    output = descriptors.output
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    sys.stdout, sys.stderr = streams()
    shared = SharedMemory(descriptors.shared_memory)
    os.close(descriptors.shared_memory)
    channel = CallChannel(socket.socket(fileno=descriptors.calls))
    make = None if storage is None else partial(storage, channel.ask)
    connection = socket.socket(fileno=descriptors.connection)
    Child(connection, shared, output, tasks, limits=limits, storage=make).serve()
