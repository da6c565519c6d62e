"""One task, run here as a worker ran it there."""

from __future__ import annotations

import asyncio
import json
import re
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, Final

from shoal.cli.output import say
from shoal.cli.parsing import NotUnderstood
from shoal.client.models import Attempt, Task
from shoal.sdk import Context, discover
from shoal.sdk import Task as TaskFunction
from shoal.settings import task_modules

_FRAME: Final = re.compile(r'^  File "(?P<file>[^"\n]+)", line (?P<line>\d+), in ', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Ending:
    """How an attempt ended: with a result, or an exception raised at a place (file and line)."""

    status: str
    result: Any = None
    error: str | None = None
    message: str | None = None
    place: str | None = None


@dataclass(frozen=True, slots=True)
class Replay:
    """The attempt there and the one here."""

    task: Task
    attempt: int
    worker: str | None
    there: Ending
    here: Ending

    @property
    def same(self) -> bool:
        """Whether both ended alike. A place that the tail does not show is not compared."""
        placed = self.there.place is None or self.there.place == self.here.place
        return placed and (
            (self.there.status, self.there.result, self.there.error, self.there.message)
            == (self.here.status, self.here.result, self.here.error, self.here.message)
        )

    def row(self) -> dict[str, Any]:
        """As data."""
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
    """The latest attempt that ended, or the latest of this number; raise NotUnderstood."""
    told = ("completed", "failed", "worker_died")
    for each in reversed(attempts):
        if each.outcome in told and number in (None, each.attempt):
            return each
    if number is not None:
        raise NotUnderstood(f"no attempt {number} has ended: see `shoal attempts`")
    return None


def replayed(task: Task, tried: Attempt | None, task_type: str, *, debug: bool) -> Replay:
    """Run the task's function on its input, as it was tried, and compare.

    What it keeps (effects, artifacts) it keeps in memory, so an effect is done again.
    """
    if task.input is None:
        raise NotUnderstood(f"{task.id}: its input is too large to be shown, so to be replayed")
    function = discover(task_modules()).get(task_type)
    if function is None:
        raise NotUnderstood(f"no task type {task_type} here: name its module in SHOAL_TASKS")
    attempt = tried.attempt if tried is not None and tried.attempt else max(1, task.attempts)
    worker = None if tried is None else tried.worker
    where = f", which {worker} ran" if worker else ""
    say(f"{task.id}: {task_type}, attempt {attempt}{where}")
    here = _here(function, task, attempt, debug=debug)
    return Replay(task, attempt, worker, _there(task, tried), here)


def _there(task: Task, tried: Attempt | None) -> Ending:
    if tried is None or tried.error is None:
        return Ending(task.status, task.result)
    error = tried.error
    return Ending("FAILED", None, error.type, error.message, _last_place(error.tail))


def _here(function: TaskFunction[..., Any], task: Task, attempt: int, *, debug: bool) -> Ending:
    context = replace(Context.fake(index=task.index, attempt=attempt), job_id=task.job_id)
    try:
        result = _called(function, task, context)
    except Exception as error:  # noqa: BLE001 - whatever a task raises is its outcome
        own = _of_the_task(error.__traceback__)
        text = "".join(traceback.format_exception(type(error), error, own))
        say(text.rstrip())
        if debug:
            import pdb  # noqa: PLC0415, T100 - what the flag asks for

            pdb.post_mortem(own)
        return Ending("FAILED", None, type(error).__name__, str(error), _last_place(text))
    return Ending("COMPLETED", result)


def _called(function: TaskFunction[..., Any], task: Task, context: Context) -> Any:
    from pydantic_core import to_jsonable_python  # noqa: PLC0415 - loaded on first use

    given = task.input or {}
    if function.offer.batch is not None:
        arguments = function.batch_arguments([function.item(given)], context)
        (result,) = function.function(**arguments)
        if isinstance(result, BaseException):
            raise result
    else:
        arguments = function.arguments(given, context)
        result = function.function(**arguments)
        if function.is_async:
            result = asyncio.run(result)
    return json.loads(json.dumps(to_jsonable_python(result)))


def _of_the_task(trace: TracebackType | None) -> TracebackType | None:
    """The frames below ours, if there are any."""
    while trace is not None and trace.tb_next is not None and trace.tb_frame.f_globals is globals():
        trace = trace.tb_next
    return trace


def _last_place(text: str) -> str | None:
    """`module.py:12` of the innermost frame. Folders differ from machine to machine."""
    found = [*_FRAME.finditer(text)]
    return f"{found[-1]['file'].rpartition('/')[2]}:{found[-1]['line']}" if found else None
