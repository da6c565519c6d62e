"""Replay a task: run its function on this machine and compare with a recorded attempt."""

from __future__ import annotations

import asyncio
import json
import re
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, Final

from shoal.cli.output import print_message
from shoal.cli.parsing import UsageError
from shoal.client.models import Attempt, Task
from shoal.sdk import Context, discover
from shoal.sdk import Task as TaskFunction
from shoal.settings import task_modules

_FRAME: Final = re.compile(r'^  File "(?P<file>[^"\n]+)", line (?P<line>\d+), in ', re.MULTILINE)
_COMPARABLE: Final = ("completed", "failed", "worker_died")


@dataclass(frozen=True, slots=True)
class ReplayOutcome:
    """A result, or an exception with the place (file:line) that raised it."""

    status: str
    result: Any = None
    error: str | None = None
    message: str | None = None
    place: str | None = None


@dataclass(frozen=True, slots=True)
class Replay:
    """A recorded attempt (`there`) and its replay on this machine (`here`)."""

    task: Task
    attempt: int
    worker: str | None
    there: ReplayOutcome
    here: ReplayOutcome

    @property
    def same(self) -> bool:
        """Whether both outcomes are equal. The place is compared only if it was recorded."""
        return self.here == replace(self.there, place=self.there.place or self.here.place)

    def row(self) -> dict[str, Any]:
        """Return the replay as a row of output."""
        names = ("status", "error", "message", "place", "result")
        return {
            "task": self.task.id,
            "attempt": self.attempt,
            "worker": self.worker,
            "same": self.same,
            **{f"{name}_there": getattr(self.there, name) for name in names},
            **{f"{name}_here": getattr(self.here, name) for name in names},
        }


def ended_attempt(attempts: Sequence[Attempt], number: int | None) -> Attempt | None:
    """Return the latest attempt that ended, or the latest with this number; raise UsageError."""
    for each in reversed(attempts):
        if each.outcome in _COMPARABLE and number in (None, each.attempt):
            return each
    if number is not None:
        raise UsageError(
            f"--attempt {number}: no such attempt has ended; list them with `shoal attempts`"
        )
    return None


def replay_task(task: Task, recorded: Attempt | None, task_type: str, *, debug: bool) -> Replay:
    """Run the task's function with its input and the recorded attempt number.

    Effects and artifacts go to memory, so an effect that the attempt has done is done again.
    """
    if task.input is None:
        raise UsageError(
            f"{task.id} cannot be replayed: the API omits its input, which is too large"
        )
    function = discover(task_modules()).get(task_type)
    if function is None:
        raise UsageError(f"task type {task_type} not found; set SHOAL_TASKS to its module")
    attempt = max(1, task.attempts)
    if recorded is not None and recorded.attempt:
        attempt = recorded.attempt
    worker = None if recorded is None else recorded.worker
    print_message(f"{task.id}: {task_type}, attempt {attempt}{f' on {worker}' if worker else ''}")
    here = _run(function, task, attempt, debug=debug)
    return Replay(task, attempt, worker, _recorded_outcome(task, recorded), here)


def _recorded_outcome(task: Task, recorded: Attempt | None) -> ReplayOutcome:
    if recorded is None or recorded.error is None:
        return ReplayOutcome(task.status, task.result)
    error = recorded.error
    return ReplayOutcome("FAILED", None, error.type, error.message, _innermost(error.tail))


def _run(
    function: TaskFunction[..., Any], task: Task, attempt: int, *, debug: bool
) -> ReplayOutcome:
    context = replace(Context.fake(index=task.index, attempt=attempt), job_id=task.job_id)
    try:
        result = _call(function, task, context)
    except Exception as error:  # noqa: BLE001 - any exception of a task is its outcome
        frames = _frames_of_task(error.__traceback__)
        text = "".join(traceback.format_exception(type(error), error, frames))
        print_message(text.rstrip())
        if debug:
            import pdb  # noqa: PLC0415, T100 - --pdb requests it

            pdb.post_mortem(frames)
        return ReplayOutcome("FAILED", None, type(error).__name__, str(error), _innermost(text))
    return ReplayOutcome("COMPLETED", result)


def _call(function: TaskFunction[..., Any], task: Task, context: Context) -> Any:
    from pydantic_core import to_jsonable_python  # noqa: PLC0415 - loaded on first use

    value = task.input or {}
    if function.offer.batch is not None:
        arguments = function.batch_arguments([function.item(value)], context)
        (result,) = function.function(**arguments)
        if isinstance(result, BaseException):
            raise result
    else:
        arguments = function.arguments(value, context)
        result = function.function(**arguments)
        if function.is_async:
            result = asyncio.run(result)
    return json.loads(json.dumps(to_jsonable_python(result)))


def _frames_of_task(trace: TracebackType | None) -> TracebackType | None:
    """Return the traceback without the frames of this module."""
    while trace is not None and trace.tb_next is not None and trace.tb_frame.f_globals is globals():
        trace = trace.tb_next
    return trace


def _innermost(text: str) -> str | None:
    """Return `module.py:12` for the innermost frame. Directories differ between machines."""
    found = [*_FRAME.finditer(text)]
    return f"{found[-1]['file'].rpartition('/')[2]}:{found[-1]['line']}" if found else None
