"""A task type that misbehaves in every way, or checks its environment."""

# ruff: noqa: S110, T201, TID251 - hostile tasks do forbidden things

import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from shoal import task

MEGABYTE = 1024 * 1024
FOLDER = str(Path.cwd())
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "TMPDIR"}
"""As the modules of tasks find them, before any task runs. Each child has its own TMPDIR."""


def raises() -> None:
    raise ValueError("as requested")


def raises_system_exit() -> None:
    sys.exit("enough")


def exits_immediately() -> None:
    os._exit(7)


def faults() -> None:
    ctypes.string_at(0)


def kills_itself() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def loops() -> None:
    while True:
        pass


def loops_and_ignores_signals() -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    while True:
        try:
            while True:
                time.sleep(0.01)
        except BaseException:  # noqa: BLE001 - it swallows all that comes
            pass


def allocates() -> int:
    return len(bytearray(2_048 * MEGABYTE))


def floods() -> None:
    block = b"x" * 99 + b"\n"
    for _ in range(100):
        os.write(1, block * (MEGABYTE // len(block)))
    raise RuntimeError("flooded")


def forks() -> None:
    """Return twice, in the parent and in the child."""
    child = os.fork()
    if child:
        os.waitpid(child, 0)
    raise RuntimeError("forked")


def returns_a_function() -> Callable[[], None]:
    return raises


def returns_too_much() -> str:
    return "x" * (5 * MEGABYTE)


def recurses() -> None:
    recurses()


def closes_its_output() -> None:
    os.close(1)
    raise RuntimeError("closed its output")


def leaves_home() -> None:
    os.chdir("/")
    os.environ.clear()
    os.environ["HOME"] = "/nowhere"
    raise RuntimeError("left home")


HOSTILE: dict[str, Callable[[], Any]] = {
    each.__name__: each
    for each in (
        raises,
        raises_system_exit,
        exits_immediately,
        faults,
        kills_itself,
        loops,
        loops_and_ignores_signals,
        allocates,
        floods,
        forks,
        returns_a_function,
        returns_too_much,
        recurses,
        closes_its_output,
        leaves_home,
    )
}


@task(memory=256)
def hostile(how: str | None = None) -> Any:
    """Misbehave in this way; without one, check the environment."""
    return check_environment() if how is None else HOSTILE[how]()


def check_environment() -> dict[str, Any]:
    """Return the state that an earlier hostile task could have damaged."""
    print("can print")
    os.write(2, b"can write\n")
    try:
        os.waitpid(-1, os.WNOHANG)
        alone = False
    except ChildProcessError:
        alone = True
    return {
        "same directory": str(Path.cwd()) == FOLDER,
        "same environment": {**os.environ, "TMPDIR": ""} == {**ENVIRONMENT, "TMPDIR": ""},
        "no children": alone,
        "parent": os.getppid(),
    }
