"""A child process: runs the tasks of one assignment after another.

It hears of an assignment on its connection and writes outcomes to the slate. It sends one byte for
each thing that the worker should look at.
"""

from __future__ import annotations

import asyncio
import fcntl
import marshal
import os
import socket
import sys
import termios
import time
import traceback
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from itertools import batched
from typing import Any, Final

from shoal.sdk import Cancelled, Context, NonRetryable, RetryAfter, Task
from shoal.sdk.context import Vault
from shoal.sdk.errors import LeaseLost
from shoal.worker import framing
from shoal.worker.assignment import (
    DONE,
    FULL,
    PROGRESS,
    RETIRE,
    TAIL,
    Assignment,
    Given,
    Habits,
    VaultMaker,
)
from shoal.worker.outcome import (
    NotJSON,
    ResultTooLarge,
    Stamps,
    completed,
    failed,
    result_text,
)
from shoal.worker.slate import Slate
from shoal.worker.surroundings import Output, Surroundings, streams

_PROGRESS_SECONDS: Final = 0.25
_LOOK_SECONDS: Final = 0.001
_TURN_SECONDS: Final = 0.1
_WEIGH_SECONDS: Final = 1.0


class Child:
    """The loop of a child process; `output` is its end of the pipe that its output goes to."""

    def __init__(
        self,
        connection: socket.socket,
        slate: Slate,
        output: int,
        tasks: Mapping[str, Task[..., Any]],
        *,
        habits: Habits = Habits(),  # noqa: B008 - a value
        vault: VaultMaker | None = None,
    ) -> None:
        self._connection = connection
        self._slate = slate
        self._output = output
        self._tasks = tasks
        self._habits = habits
        self._vault = vault or _no_vault
        self._surroundings = Surroundings(output, habits.most_data)
        self._stamps = Stamps()
        self._loop: asyncio.Runner | None = None
        self._unread = bytearray(4)
        self._printed = 0
        self._looked = 0.0
        self._told = 0.0
        self._ran = 0
        self._weighed = 0.0
        self._memory: int | None = None
        self._wall = 0.0
        """What makes a time of day of a monotonic time."""

    def serve(self) -> None:
        """Run assignments until the worker closes the connection."""
        while True:
            try:
                assignment = Assignment(*marshal.loads(framing.receive(self._connection)))  # noqa: S302 - our own worker sent it
            except EOFError:
                return
            self._run(assignment)
            self._connection.send(RETIRE if self._is_worn() else DONE)

    def _is_worn(self) -> bool:
        if self._ran >= self._habits.most_tasks:
            return True
        now = time.monotonic()
        if now - self._weighed < _WEIGH_SECONDS:
            return False
        self._weighed = now
        return self._surroundings.growth() >= self._habits.most_growth

    def _run(self, assignment: Assignment) -> None:
        task = self._tasks[assignment.task_type]
        self._told = time.monotonic()
        self._wall = time.time() - self._told
        self._ran += len(assignment.tasks)
        self._memory = task.offer.memory
        self._surroundings.limit_memory(self._memory)
        self._looked = 0.0  # so that the first task looks
        if task.offer.batch is not None:
            self._run_batches(task, assignment, task.offer.batch)
        elif task.is_async:
            self._run_at_once(task, assignment)
        else:
            self._run_in_turn(task, assignment)

    # One after another.

    def _run_in_turn(self, task: Task[..., Any], assignment: Assignment) -> None:
        slate, surroundings, getpid = self._slate, self._surroundings, os.getpid
        own = getpid()
        for position, given in enumerate(assignment.tasks):
            now = self._begin(position)
            if slate.stopping:  # after the mark: the worker sees what was begun after its word
                return
            try:
                context = self._context(assignment, given, now) if task.wants_context else None
                text = result_text(task.function(**task.arguments(given[2], context)))
            except BaseException as error:  # noqa: BLE001 - whatever a task raises is its outcome
                surroundings.must_be_ours()
                if self._is_called_off(error):
                    return
                outcome = self._failure(given, now, error)
            else:
                if getpid() != own:  # as `must_be_ours`, but cheaper, since most tasks pass here
                    surroundings.must_be_ours()
                outcome = self._success(given, now, text)
            if surroundings.disturbed:
                surroundings.restore()
            self._put_down(outcome)

    # Several in one call.

    def _run_batches(self, task: Task[..., Any], assignment: Assignment, size: int) -> None:
        position = 0
        for some in batched(assignment.tasks, 1 if assignment.one_by_one else size, strict=False):
            if self._slate.stopping:
                return
            now = self._begin(position)
            position += len(some)
            items, refused = _items(task, some)
            try:
                context = self._context(assignment, some[0], now, batch=True)
                results = self._call_batch(task, items, context) if items else []
            except Cancelled:  # it is called off
                return
            for given in some:
                result = refused[given[0]] if given[0] in refused else results.pop(0)
                self._put_down(self._ended(given, now, result))
            self._surroundings.restore()

    def _call_batch(
        self, task: Task[..., Any], items: list[Any], context: Context
    ) -> list[Any | BaseException]:
        """A result or an error for each item; one error for all if the call raises."""
        try:
            results = list(task.function(**task.batch_arguments(items, context)))
            if len(results) != len(items):
                raise NotAResultEach(f"{len(items)} inputs gave {len(results)} results")  # noqa: TRY301 - an outcome as the others
        except BaseException as error:
            self._surroundings.must_be_ours()
            if self._is_called_off(error):
                raise
            return [error] * len(items)
        self._surroundings.must_be_ours()
        return results

    # Many at once.

    def _run_at_once(self, task: Task[..., Any], assignment: Assignment) -> None:
        self._begin(0)
        self._loop = self._loop or asyncio.Runner()
        self._loop.run(self._gathered(task, assignment))
        self._surroundings.restore()

    async def _gathered(self, task: Task[..., Any], assignment: Assignment) -> None:
        slots = asyncio.Semaphore(1 if assignment.one_by_one else task.offer.concurrency)
        running = {
            asyncio.create_task(self._run_async(task, assignment, place, slots))
            for place in range(len(assignment.tasks))
        }
        while running:
            _, running = await asyncio.wait(
                running, timeout=_TURN_SECONDS, return_when=asyncio.FIRST_COMPLETED
            )
            self._tell(time.monotonic())
            if not assignment.one_by_one:
                self._slate.turn(time.monotonic())
            if self._slate.cancelled:
                for each in running:
                    each.cancel()

    async def _run_async(
        self,
        task: Task[..., Any],
        assignment: Assignment,
        place: int,
        slots: asyncio.Semaphore,
    ) -> None:
        given = assignment.tasks[place]
        async with slots:
            if self._slate.stopping:
                return
            now = self._begin(place) if assignment.one_by_one else time.monotonic()
            result: Any
            try:
                context = self._context(assignment, given, now)
                async with asyncio.timeout(assignment.timeout):
                    result = await task.function(**task.arguments(given[2], context))
            except TimeoutError as error:
                over = time.monotonic() - now >= assignment.timeout
                result = Timeout(f"took over {assignment.timeout:g} s") if over else error
            except BaseException as error:  # noqa: BLE001 - whatever a task raises is its outcome
                if self._is_called_off(error):
                    return
                result = error
            self._surroundings.must_be_ours()
            self._put_down(self._ended(given, now, result))

    # What all ways share.

    def _begin(self, position: int) -> float:
        """Take the task at this position in hand; when (monotonic)."""
        now = time.monotonic()
        if Output.written or now - self._looked > _LOOK_SECONDS:
            self._look(now)
        self._slate.mark(position, now, self._printed)
        self._tell(now)
        return now

    def _context(
        self, assignment: Assignment, given: Given, now: float, *, batch: bool = False
    ) -> Context:
        job, chunk, epoch = assignment.job_id, assignment.chunk, assignment.epoch
        return Context(
            *(job, given[0], given[1], epoch),
            datetime.fromtimestamp(self._wall + now + assignment.timeout, UTC),
            self._slate_signals,
            _no_vault_in_batches if batch else partial(self._vault, job, chunk, epoch),
        )

    @property
    def _slate_signals(self) -> _SlateSignals:
        return _SlateSignals(self._slate)

    def _is_called_off(self, error: BaseException) -> bool:
        """Whether the task ended as it was to. One that raises Cancelled by itself has failed."""
        told = isinstance(error, (Cancelled, asyncio.CancelledError)) and self._slate.cancelled
        return told or isinstance(error, LeaseLost)

    def _ended(self, given: Given, now: float, result: Any) -> bytes:
        """The outcome of a task that returned this, or raised it."""
        if not isinstance(result, BaseException):
            try:
                return self._success(given, now, result_text(result))
            except (NotJSON, ResultTooLarge) as error:
                result = error
        return self._failure(given, now, result)

    def _success(self, given: Given, now: float, text: bytes) -> bytes:
        index, attempt, _ = given
        took = time.monotonic() - now
        return completed(index, attempt, self._stamps.text(self._wall + now), took, text)

    def _failure(self, given: Given, now: float, error: BaseException) -> bytes:
        index, attempt, _ = given
        took = time.monotonic() - now
        self._surroundings.redirect()
        expected = isinstance(error, (NonRetryable, NotJSON, ResultTooLarge, Timeout))
        if not expected:
            own = error.__traceback__ and error.__traceback__.tb_next
            traceback.print_exception(type(error), error, own, file=sys.stderr)
        self._connection.send(TAIL)
        return failed(
            *(index, attempt, self._stamps.text(self._wall + now), took),
            kind=type(error).__name__,
            message=self._message(error),
            tail=framing.receive(self._connection),
            retryable=not expected or isinstance(error, Timeout),
            retry_after=error.seconds if isinstance(error, RetryAfter) else None,
        )

    def _message(self, error: BaseException) -> str:
        if isinstance(error, MemoryError) and not error.args:
            own = self._memory is not None
            return f"took more than {f'the {self._memory} MB' if own else 'all memory'} that it may"
        try:
            return str(error)
        except Exception:  # noqa: BLE001 - a user's __str__ may raise anything
            return "(its message cannot be shown)"

    def _put_down(self, outcome: bytes) -> None:
        if not self._slate.add(outcome):
            self._connection.send(FULL)
            framing.receive(self._connection)
            self._slate.add(outcome)

    def _tell(self, now: float) -> None:
        """Have the worker take the outcomes so far, now and then."""
        if now - self._told > _PROGRESS_SECONDS:
            self._told = now
            self._connection.send(PROGRESS)

    def _look(self, now: float) -> None:
        """Count bytes printed so far: those that the worker has read, and those in the pipe.

        Done only if Python printed since, or enough time has passed for others to have printed.
        """
        Output.written = False
        self._looked = now
        self._surroundings.redirect()
        try:
            fcntl.ioctl(self._output, termios.FIONREAD, self._unread)
        except OSError:  # this system does not tell
            self._unread[:] = bytes(4)
        self._printed = self._slate.printed + int.from_bytes(self._unread, sys.byteorder)


class Timeout(Exception):  # noqa: N818 - the name is the error type that users see
    """A coroutine took longer than its job allows."""


class NotAResultEach(NonRetryable):
    """A batch did not return a list with one result for each input."""


class _SlateSignals:
    def __init__(self, slate: Slate) -> None:
        self._slate = slate

    @property
    def cancelled(self) -> bool:
        return self._slate.cancelled

    def progress(self, fraction: float) -> None:
        self._slate.progress(fraction)


def _no_vault(*_: object) -> Vault:
    raise NonRetryable("this worker has no API to keep anything with")


def _no_vault_in_batches(_: int) -> Vault:
    raise NonRetryable("a batch keeps nothing: a retry may cut it otherwise")


def _items(
    task: Task[..., Any], some: Sequence[Given]
) -> tuple[list[Any], Mapping[int, BaseException]]:
    """The inputs that fit, and why the others do not, by index."""
    items, refused = [], dict[int, BaseException]()
    for index, _, own in some:
        try:
            items.append(task.item(own))
        except NonRetryable as error:
            refused[index] = error
    return items, refused


def run_child(
    connection: int,
    slate: int,
    output: int,
    tasks: Mapping[str, Task[..., Any]],
    *,
    habits: Habits,
    vault: VaultMaker | None,
) -> None:
    """Be a child process on these descriptors, until the worker closes the connection."""
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    sys.stdout, sys.stderr = streams()
    shared = Slate(slate)
    shared.own(os.getpid())
    os.close(slate)
    speaking = socket.socket(fileno=connection)
    Child(speaking, shared, output, tasks, habits=habits, vault=vault).serve()
