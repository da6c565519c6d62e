"""Tasks for the tests: good ones, and one for each way to go wrong."""

# ruff: noqa: T201 - tasks print

import asyncio
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shoal import Context, NonRetryable, task


@task
def echo(**given: Any) -> dict[str, Any]:
    """Return the input."""
    return given


@task
def nothing() -> None:
    return None


@task
def typed(size: int, label: str = "x") -> str:
    return label * size


@task
async def waits(seconds: float) -> str:
    await asyncio.sleep(seconds)
    return "waited"


@task
def raises(message: str) -> None:
    print("about to fail")
    raise ValueError(message)


@task
def gives_up() -> None:
    raise NonRetryable("no use")


@task
def exits(code: int) -> None:
    print("leaving", flush=True)
    os._exit(code)


@task
def system_exit() -> None:
    sys.exit("enough")


@task
def killed(at: int | None = None, *, ctx: Context) -> int:
    """Kill the own process, at one index or always."""
    if at is None or ctx.index == at:
        print(f"dying in {ctx.index}")
        os.kill(os.getpid(), signal.SIGKILL)
    return ctx.index


@task
def hangs(at: int | None = None, *, ctx: Context) -> int:
    if at is None or ctx.index == at:
        print("hanging", flush=True)
        time.sleep(60)
    return ctx.index


@task
def floods(megabytes: int) -> None:
    line = "x" * 1023
    for _ in range(megabytes * 1024):
        print(line)
    print("the end")
    raise ValueError("flooded")


@task
def writes_below_python() -> None:
    os.write(2, b"from below\n")
    subprocess.run(["/bin/echo", "from another process"], check=True)
    raise ValueError("written")


@task
def not_json() -> set[int]:
    return {1, 2}


@task
def not_a_number() -> float:
    return float("nan")


@task
def too_deep() -> list[Any]:
    value: list[Any] = []
    for _ in range(500):
        value = [value]
    return value


@task
def too_large() -> str:
    return "x" * (1024 * 1024 + 1)


@task
def large(size: int) -> str:
    return "x" * size


@task
def surrogate() -> None:
    raise ValueError("lone \ud800 surrogate")


@dataclass
class Point:
    x: int
    y: int


@task
def dataclass_result() -> Point:
    return Point(1, 2)


@task
def process_id() -> int:
    return os.getpid()


@task
def starts_a_process(note: str) -> None:
    """Leave a process behind that outlives the task, then hang."""
    sleeper = subprocess.Popen(["/bin/sleep", "60"])
    Path(note).write_text(str(sleeper.pid))
    time.sleep(60)


@task
def waits_for(path: str, *, ctx: Context) -> int:
    """Say that it began, then wait until the file is there."""
    Path(f"{path}.{ctx.index}.began").touch()
    while not Path(path).exists():
        time.sleep(0.01)
    return ctx.index


@task
def logs(*, ctx: Context) -> None:
    ctx.log.info("hello from a task")


@task
def leaves_a_process(note: str) -> None:
    """Leave a process behind and die."""
    sleeper = subprocess.Popen(["/bin/sleep", "60"])
    Path(note).write_text(str(sleeper.pid))
    os._exit(1)


@task
def breaks_its_process() -> str:
    """Return, but leave a process that can go on no further."""
    os.closerange(3, 256)
    return "done"
