"""Tasks for tests: valid tasks, and one for each kind of failure."""

# ruff: noqa: ASYNC110, ASYNC251, SLF001, T201, TID251 - tasks print, block, and change their process

import asyncio
import dataclasses
import gc
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any, TypedDict

from shoal import Cancelled, Context, NonRetryable, RetryAfter, task
from shoal.sdk.errors import LeaseLost


@task
def echo(**given: Any) -> dict[str, Any]:
    """Return the input."""
    return given


@task
def nothing() -> None:
    return None


@task
def acts(how: str, path: str) -> int:
    """Append to a file, then die, wait for a pipe, or return."""
    with Path(path, "runs").open("a") as file:
        file.write(f"{how}\n")
    if how == "dies":
        os._exit(3)
    if how == "waits":
        Path(path, "pipe").read_bytes()
    return os.getpid()


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
def prints_words(words: list[Any]) -> None:
    """Print words one by one."""
    print(*words)
    if words[-1] in (2, 5):
        raise ValueError("said")


@task
def raises_cancelled(how: str) -> None:
    """Raise Cancelled or LeaseLost."""
    raise LeaseLost if how == "lost" else Cancelled


@task
async def raises_cancelled_later(how: str) -> None:
    await asyncio.sleep(0)
    raise LeaseLost if how == "lost" else Cancelled


@task(batch=2)
def raises_cancelled_in_batch(items: list[dict[str, str]]) -> list[None]:
    raise LeaseLost if items[0]["how"] == "lost" else Cancelled


@task
def raises_non_retryable() -> None:
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
    """Kill the process, at one index or always."""
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


class Colour(Enum):
    RED = "red"


@dataclass
class Dated:
    when: date


@task
def json_encodable_types() -> list[Any]:
    """Return values that have a JSON form."""
    day = date(2026, 11, 27)
    return [day, Decimal("1.10"), Path("/tmp/a"), Colour.RED, Dated(day)]  # noqa: S108 - a text


@task
def process_id() -> int:
    return os.getpid()


@task
def starts_a_process(note: str) -> None:
    """Start a process that outlives the task, then hang."""
    sleeper = subprocess.Popen(["/bin/sleep", "60"])
    Path(note).write_text(str(sleeper.pid))
    time.sleep(60)


@task
def waits_for(path: str, *, ctx: Context) -> int:
    """Record the start, then wait until the file exists."""
    Path(f"{path}.{ctx.index}.began").touch()
    while not Path(path).exists():
        time.sleep(0.01)
    return ctx.index


@task
def holds(megabytes: int, path: str, *, ctx: Context) -> int:
    """Allocate memory, record it, and keep it until the file exists."""
    held = b"x" * (megabytes * 1024 * 1024)
    Path(f"{path}.{ctx.index}.holds").touch()
    while not Path(path).exists():
        time.sleep(0.01)
    return len(held)


@task
def hides_and_holds(megabytes: int, path: str, *, ctx: Context) -> int:
    """Overwrite all numbers above the sixth in the shared memory, then hold memory."""
    kind = sys.modules["shoal.worker.shared_memory"].SharedMemory
    (memory,) = (each for each in gc.get_objects() if isinstance(each, kind))
    memory._numbers[6] = memory._numbers[7] = 1
    return holds(megabytes, path, ctx=ctx)


@task
def allocates_unlimited(megabytes: int) -> int:
    return len(bytearray(megabytes * 1024 * 1024))


@task
def logs(*, ctx: Context) -> None:
    ctx.log.info("hello from a task")


@task
def leaves_a_process(note: str) -> None:
    """Start a process and die."""
    sleeper = subprocess.Popen(["/bin/sleep", "60"])
    Path(note).write_text(str(sleeper.pid))
    os._exit(1)


@task
def breaks_its_process() -> str:
    """Return, but leave the process in a broken state."""
    os.closerange(3, 256)
    return "done"


class Item(TypedDict):
    n: int


@task(batch=4)
def in_batches(items: list[Item], *, ctx: Context) -> list[Any]:
    """Return the size of the batch; 13 fails alone, 14 fails all, 15 kills the process."""
    numbers = [item["n"] for item in items]
    if 14 in numbers:
        raise ValueError("one of them is 14")
    if 15 in numbers:
        os._exit(9)
    return [
        ValueError("13") if n == 13 else {"n": n, "of": len(items), "first": ctx.index}
        for n in numbers
    ]


@task(batch=4)
def too_few(items: list[Item]) -> list[int]:
    return [len(items)]


_meeting: list[int] = []


@task(concurrency=8)
async def waits_for_peers(wanted: int, *, ctx: Context) -> int:
    """Wait until `count` tasks run concurrently."""
    _meeting.append(ctx.index)
    while len(_meeting) < wanted:
        await asyncio.sleep(0.005)
    return len(_meeting)


@task(concurrency=8)
async def awaits(how: str, *, ctx: Context) -> str:
    """Fail in the given way, or return."""
    await asyncio.sleep(0.01)
    match how:
        case "raises":
            raise ValueError(how)
        case "exits":
            os._exit(3)
        case "sleeps":
            await asyncio.sleep(60)
        case "blocks":
            time.sleep(60)
        case "cancels":
            raise asyncio.CancelledError
    return f"{how} {ctx.index}"


@task
def waits_for_cancel(note: str, *, ctx: Context) -> None:
    """Track until cancelled, then leave a note."""
    try:
        for _ in ctx.track(iter(int, 1), total=100):
            Path(f"{note}.began").touch()
            time.sleep(0.01)
    finally:
        Path(note).write_text("cleaned up")


@task
def deaf(note: str, *, ctx: Context) -> None:
    """Ignore a cancel."""
    Path(f"{note}.{ctx.index}.began").touch()
    time.sleep(60)


@task
def reports_progress(note: str, *, ctx: Context) -> None:
    ctx.progress(0.5)
    while not Path(note).exists():
        time.sleep(0.01)


@task
def retries_after(seconds: float) -> None:
    raise RetryAfter(seconds, "the server is busy")


@task(memory=64)
def allocates(megabytes: int) -> int:
    return len(bytearray(megabytes * 1024 * 1024))


@task
def changes_process(how: str) -> str:
    """Change process state that tasks share."""
    match how:
        case "folder":
            os.chdir("/")
        case "environment":
            os.environ["SPOILT"] = "yes"
            del os.environ["PATH"]
        case "output":
            os.close(1)
            os.close(2)
            raise ValueError("closed")
        case "fork":
            if os.fork() == 0:
                return "a second self"
            os.wait()
    return how


@task
def environment() -> dict[str, Any]:
    print("can print")
    os.write(2, b"can write\n")
    return {
        "folder": str(Path.cwd()),
        "changed": "SPOILT" in os.environ or "PATH" not in os.environ,
        "pid": os.getpid(),
    }


_leak: list[bytes] = []


@task
def leaks(megabytes: int) -> int:
    _leak.append(b"x" * (megabytes * 1024 * 1024))
    return os.getpid()


@task
def recurses() -> None:
    recurses()


@task
def keeps(key: str, note: str, *, ctx: Context) -> Any:
    return ctx.effect(key, lambda: note)


@task(concurrency=8)
async def keeps_many(keys: list[str], *, ctx: Context) -> list[Any]:
    """Store several effects from threads at the same time."""
    calls = (asyncio.to_thread(ctx.effect, key, key.upper) for key in keys)
    return await asyncio.gather(*calls)


@task
def calls_for(index: int, *, ctx: Context) -> Any:
    """Store an effect of another task."""
    return dataclasses.replace(ctx, index=index).effect("charge", lambda: "forged")


@task
def sends_to_worker(size: int, text: str = "", *, ctx: Context) -> str:
    """Send text, or many bytes, where the worker expects a call."""
    effects: Any = ctx._storage(ctx.index).effects
    answer: bytes = effects._calls._ask(text.encode() or b"x" * size)
    return answer.decode()


@task
def finds_in_memory(start: str, end: str, *, ctx: Context) -> dict[str, bool]:
    """Returns whether the memory of this process has the start, and the whole text.

    Input has the two halves apart, so that the input itself is not found.
    """
    ctx.effect("k", lambda: "called the API")
    found = {"start": False, "whole": False}
    with Path("/proc/self/maps").open() as maps, Path("/proc/self/mem").open("rb") as memory:
        for first, last in _readable(maps):
            memory.seek(first)
            try:
                found = _found_in(memory.read(last - first), start, end, found)
            except OSError:  # a region of the kernel
                continue
    return found


def _readable(maps: Iterable[str]) -> Iterator[tuple[int, int]]:
    for line in maps:
        place, permissions, *_ = line.split()
        if permissions.startswith("r") and "[v" not in line:
            first, _, last = place.partition("-")
            yield int(first, 16), int(last, 16)


def _found_in(region: bytes, start: str, end: str, found: dict[str, bool]) -> dict[str, bool]:
    at = -1
    while (at := region.find(start.encode(), at + 1)) >= 0:
        found["start"] = True
        behind = at + len(start)
        found["whole"] = found["whole"] or region[behind : behind + len(end)] == end.encode()
    return found
