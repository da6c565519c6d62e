"""Tasks that do to their process whatever a task can do, and one that looks at what is left."""

# ruff: noqa: S110, SIM105, T201, TID251 - they print, swallow, and touch what they should not

import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

from shoal import task

MEGABYTE = 1024 * 1024


class Rogue(Exception):  # noqa: N818 - says who did it
    """Ends what would end well by itself."""


def raises() -> NoReturn:
    raise ValueError("on purpose")


def leaves() -> NoReturn:
    sys.exit("enough")


def ends_its_process() -> NoReturn:
    os._exit(3)


def segfaults() -> None:
    ctypes.string_at(0)


def is_killed() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def loops() -> None:
    while True:
        pass


def loops_and_swallows() -> None:
    while True:
        try:
            time.sleep(0.01)
        except BaseException:  # noqa: BLE001 - it is a rogue
            pass


def allocates() -> int:
    return len(bytearray(2_048 * MEGABYTE))


def floods() -> NoReturn:
    line = "x" * (MEGABYTE - 1)
    for _ in range(100):
        print(line)
    raise Rogue("flooded")


def forks() -> NoReturn:
    if os.fork():
        os.wait()
    raise Rogue("forked")


def returns_a_function() -> Callable[[], None]:
    return lambda: None


def returns_too_much() -> str:
    return "x" * (5 * MEGABYTE)


def recurses() -> None:
    recurses()


def closes_its_output() -> None:
    os.close(1)
    os.write(1, b"nobody hears this\n")


def moves_away() -> NoReturn:
    os.chdir("/")
    os.environ["SPOILT"] = "yes"
    os.environ.pop("PATH", None)
    raise Rogue("moved")


ROGUES: Mapping[str, tuple[Callable[[], Any], str]] = {
    rogue.__name__: (rogue, error)
    for rogue, error in (
        (raises, "ValueError"),
        (leaves, "SystemExit"),
        (ends_its_process, "WorkerChildDied"),
        (segfaults, "WorkerChildDied"),
        (is_killed, "WorkerChildDied"),
        (loops, "Timeout"),
        (loops_and_swallows, "Timeout"),
        (allocates, "MemoryError"),
        (floods, "Rogue"),
        (forks, "Rogue"),
        (returns_a_function, "NotJSON"),
        (returns_too_much, "ResultTooLarge"),
        (recurses, "RecursionError"),
        (closes_its_output, "OSError"),
        (moves_away, "Rogue"),
    )
}
"""Each with the type of error that its task has to end with."""

_HOME = Path.cwd()


@task(memory=256)
def rogue(kind: str) -> Any:
    """Be one of the rogues, or, if none is named, a task that expects its process in order."""
    if kind != "none":
        return ROGUES[kind][0]()
    print("still heard")
    os.write(1, b"below Python too\n")
    if Path.cwd() != _HOME or "SPOILT" in os.environ or "PATH" not in os.environ:
        raise AssertionError("a rogue was here")
    return "in order"
