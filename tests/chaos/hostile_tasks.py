"""One task type of the chaos tests that can go wrong in every way, and honest tasks beside it."""

# ruff: noqa: S110, T201, TID251 - rogues do what nobody should

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
ENVIRONMENT = dict(os.environ)
"""As the modules of tasks find them, before any task runs."""


def raises() -> None:
    raise ValueError("as told")


def exits_politely() -> None:
    sys.exit("enough")


def exits_at_once() -> None:
    os._exit(7)


def faults() -> None:
    ctypes.string_at(0)


def kills_itself() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def loops() -> None:
    while True:
        pass


def loops_deaf() -> None:
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
    """Come back twice, as parent and as child."""
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


def moves_house() -> None:
    os.chdir("/")
    os.environ.clear()
    os.environ["HOME"] = "/nowhere"
    raise RuntimeError("moved house")


HOSTILE: dict[str, Callable[[], Any]] = {
    each.__name__: each
    for each in (
        raises,
        exits_politely,
        exits_at_once,
        faults,
        kills_itself,
        loops,
        loops_deaf,
        allocates,
        floods,
        forks,
        returns_a_function,
        returns_too_much,
        recurses,
        closes_its_output,
        moves_house,
    )
}


@task(memory=256)
def hostile(how: str | None = None) -> Any:
    """Go wrong in this way; without one, be honest and look around."""
    return looks_around() if how is None else HOSTILE[how]()


def looks_around() -> dict[str, Any]:
    """What a rogue before could have spoilt."""
    print("can print")
    os.write(2, b"can write\n")
    try:
        os.waitpid(-1, os.WNOHANG)
        alone = False
    except ChildProcessError:
        alone = True
    return {
        "at home": str(Path.cwd()) == FOLDER,
        "same environment": dict(os.environ) == ENVIRONMENT,
        "alone": alone,
        "parent": os.getppid(),
    }
